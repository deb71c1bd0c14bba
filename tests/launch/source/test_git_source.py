"""git_config: real repositories, cloned by git over a path and over HTTP with a password."""

from __future__ import annotations

import base64
import subprocess
import threading
from http.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from pathlib import Path

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.source.git_source import read_git_config

TOKEN = "canary-of-the-repository"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits on main, one on a branch of its own."""
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    root = tmp_path / "repository"
    (root / "src").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    for text, branch in (("first", "main"), ("second", "main"), ("third", "other")):
        if branch != "main":
            git(root, "checkout", "--quiet", "-b", branch)
        (root / "src" / "train.py").write_text(f"import helper\nprint({text!r})\n")
        (root / "src" / "helper.py").write_text("")
        git(root, "add", "-A")
        git(root, "commit", "--quiet", "-m", text)
    git(root, "checkout", "--quiet", "main")
    return root


@pytest.fixture
def served(repository: Path) -> str:
    """The repository over HTTP, for those who know the token."""
    git(repository, "clone", "--quiet", "--bare", ".", str(repository.parent / "web"))
    git(repository.parent / "web", "update-server-info")
    wanted = "Basic " + base64.b64encode(f"oauth2:{TOKEN}".encode()).decode()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments, directory=str(repository.parent / "web"))

        def do_GET(self) -> None:
            if self.headers.get("Authorization") == wanted:
                super().do_GET()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()

        def log_message(self, *_) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def started(git_config: dict, **arguments):
    usual = {"entry_point": "train.py", "source_dir": "src"}
    return PyTorch(git_config=git_config, **(usual | arguments)).start()


@pytest.mark.parametrize(
    ("which", "text"),
    [({}, "second"), ({"branch": "other"}, "third"), ({"commit": "HEAD~1"}, "first")],
)
def test_branch_and_commit_choose_what_is_fetched(repository, which, text):
    chosen = dict(which)
    if "commit" in chosen:
        chosen["commit"] = git(repository, "rev-parse", chosen["commit"])
    url = f"file://{repository}"
    directory = started({"repo": url, **chosen}).directory
    assert (directory.source / "train.py").read_text().endswith(f"print({text!r})\n")
    assert sorted(path.name for path in directory.source.iterdir()) == ["helper.py", "train.py"]
    commit = git(repository, "rev-parse", chosen.get("commit") or chosen.get("branch", "main"))
    assert directory.commit_file.read_text().strip() == commit


def test_a_token_goes_to_git_alone(served, tmp_path):
    estimator = PyTorch(
        git_config={"repo": served, "2FA_enabled": True, "token": TOKEN},
        entry_point="src/train.py",
        dependencies=["src/helper.py"],
    )
    assert TOKEN not in repr(estimator)
    job = estimator.start()
    job.wait(timeout_seconds=60)
    assert list(job.logs()) == ["second"]
    files = [path for path in job.directory.path.rglob("*") if path.is_file()]
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert job.spec.sagemaker["git_config"] == {"repo": served, "2FA_enabled": True}


def test_a_token_is_not_for_whoever_the_server_sends_us_to(served, tmp_path):
    asked: list[str | None] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="other"')
            self.end_headers()

        def log_message(self, *_) -> None:
            """Say nothing."""

    class Redirecting(Elsewhere):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{others[0].server_port}{self.path}")
            self.end_headers()

    others = [ThreadingHTTPServer(("127.0.0.1", 0), kind) for kind in (Elsewhere, Redirecting)]
    for server in others:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.raises(LaunchError):
        started({"repo": f"http://127.0.0.1:{others[1].server_port}/a", "token": TOKEN})
    for server in others:
        server.shutdown()
    assert asked
    assert set(asked) == {None}


def test_a_wrong_token_is_in_no_message(served, tmp_path):
    with pytest.raises(LaunchError) as caught:
        started({"repo": served, "token": "canary-wrong"})
    told = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert "canary" not in repr(told)
    assert "git_config: http://127.0.0.1" in str(caught.value)
    assert list((tmp_path / "jobs").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"entry_point": "nowhere.py"}, "nowhere.py does not exist"),
        ({"source_dir": "lib"}, "source_dir='lib' is not in the repository"),
        ({"source_dir": "../jobs"}, "source_dir='../jobs' must be a path in the repository"),
        ({"dependencies": ["/etc/passwd"]}, "must be a path in the repository"),
    ],
)
def test_paths_are_those_of_the_repository(repository, change, words, tmp_path):
    with pytest.raises(SpecError, match=words):
        started({"repo": f"file://{repository}"}, **change)
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_missing_branch_is_what_git_says(repository):
    with pytest.raises(LaunchError, match="Remote branch nope not found"):
        started({"repo": f"file://{repository}", "branch": "nope"})


WEB = "https://github.com/a/b"
REFUSED = {
    "no repository": ({"branch": "main"}, "repo is missing"),
    "an unknown key": ({"repo": WEB, "brnch": "a"}, "did you mean 'branch'?"),
    "a wrong type": (
        {"repo": WEB, "2FA_enabled": "yes"},
        "2FA_enabled is a str; it must be a bool",
    ),
    "no URL": ({"repo": "github.com/a/b"}, "repo must be https://"),
    "an option": ({"repo": "--upload-pack=x"}, "must not begin with '-'"),
    "a secret in the URL": ({"repo": f"https://a:{TOKEN}@github.com/a/b"}, "must not hold a name"),
    "two factors without a token": (
        {"repo": WEB, "2FA_enabled": True, "username": "a", "password": TOKEN},
        "needs token",
    ),
    "a name alone": ({"repo": WEB, "username": "a"}, "username needs password too"),
    "CodeCommit with two factors": (
        {"repo": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/a", "2FA_enabled": True},
        "CodeCommit does not support",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_configuration_that_cannot_be_right_is_refused_at_once(case):
    given, words = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        PyTorch(git_config=given, entry_point="train.py")
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_what_ssh_and_codecommit_do_not_use_is_said():
    with pytest.warns(UserWarning, match="token ignored: ssh uses your keys"):
        assert read_git_config({"repo": "git@github.com:a/b.git", "token": TOKEN}).password == ""
    home = "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/a"
    with pytest.warns(UserWarning, match="token ignored: CodeCommit"):
        read_git_config({"repo": home, "token": TOKEN})
    assert TOKEN not in repr(read_git_config({"repo": WEB, "token": TOKEN}))
