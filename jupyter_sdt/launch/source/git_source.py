"""Source from a git repository (``git_config``): cloned by the git binary when a job is submitted.

The keys are those of SageMaker's SDK:
https://sagemaker.readthedocs.io/en/stable/overview.html#use-scripts-stored-in-a-git-repository.
A token or password goes to git through the environment of that one process; it is in no argument,
no file and no message.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_sdt.errors import LaunchError, SpecError, did_you_mean

TWO_FACTOR = "2FA_enabled"
SECRETS = ("token", "password")
_KEYS = ("repo", "branch", "commit", TWO_FACTOR, "username", *SECRETS)
_CODECOMMIT = "https://git-codecommit"
_SCHEMES = ("https://", "http://", "ssh://", "git@", "file://", "/")
# A helper that git asks for credentials: constant text, the secrets are in its environment.
_HELPER = '!f() { echo "username=$SDT_GIT_USERNAME"; echo "password=$SDT_GIT_PASSWORD"; }; f'
_MASK = "********"
# Variables of a repository that we may stand in, and traces, which would show what is sent.
_OF_A_REPOSITORY = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|NAMESPACE|COMMON_DIR|OBJECT_DIRECTORY|TRACE.*|CURL_.*)$"
)
_NOBODY_TO_ASK = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": ""}
_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """What to fetch. ``username`` and ``password`` are what git sends; a token is a password."""

    repo: str
    branch: str = ""
    commit: str = ""
    username: str = ""
    password: str = field(default="", repr=False)

    def clone(self, folder: Path) -> str:
        """Fetch the branch or commit into ``folder``; returns the commit. Raises LaunchError."""
        if self.commit:
            self._git("clone", "--no-checkout", *self._branch(), "--", self.repo, str(folder))
            self._git("-C", str(folder), "checkout", "--quiet", "--detach", self.commit)
        else:
            self._clone_newest(folder)
        return self._git("-C", str(folder), "rev-parse", "HEAD").strip()

    def _clone_newest(self, folder: Path) -> None:
        rest = (*self._branch(), "--", self.repo, str(folder))
        try:
            self._git("clone", "--depth=1", *rest)
        except LaunchError as error:
            if "shallow" not in str(error):
                raise
            # Plain files behind a web server: everything or nothing.
            self._git("clone", *rest)

    def _branch(self) -> tuple[str, ...]:
        return ("--branch", self.branch) if self.branch else ()

    def _git(self, *arguments: str) -> str:
        command = ["git", *self._credentials(), *arguments]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=self._environment(),
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = "took too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
            # Without the original error: it repeats the command.
            raise LaunchError(f"git_config: git {arguments[0]}: {reason}") from None
        if done.returncode:
            raise LaunchError(f"git_config: {self._told(done.stderr)}")
        return done.stdout

    def _credentials(self) -> tuple[str, ...]:
        """For this server alone, whatever it redirects to; the empty helper takes away others."""
        if not self.password:
            return ()
        server = urlsplit(self.repo)
        place = f"{server.scheme}://{server.netloc}"
        return ("-c", "credential.helper=", "-c", f"credential.{place}.helper={_HELPER}")

    def _environment(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not _OF_A_REPOSITORY.match(n)}
        usual = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
        secret = {"SDT_GIT_USERNAME": self.username, "SDT_GIT_PASSWORD": self.password}
        return {**usual, **kept, **_NOBODY_TO_ASK, **(secret if self.password else {})}

    def _told(self, said: str) -> str:
        """What git said last, without secrets."""
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        text = next((line for line in reversed(lines) if "fatal" in line or "error" in line), "")
        text = text or (lines[-1] if lines else "git failed")
        for secret in filter(None, (self.password,)):
            text = text.replace(secret, _MASK)
        return f"{self.repo}: {text}"


def read_git_config(given: Mapping[str, Any]) -> GitSource:
    """Check ``git_config`` and return what to fetch; nothing is called.

    ``repo`` is needed; ``branch`` is by default the repository's own. With ``2FA_enabled`` an
    ``https://`` repository needs ``token``; without it a token, or ``username`` with ``password``.
    CodeCommit knows no token, ssh uses the keys of the machine. Raises SpecError, which never
    shows a secret.
    """
    _check_types(given)
    repo = str(given.get("repo", ""))
    if not repo:
        raise _wrong("repo is missing: the URL of the repository")
    if not repo.startswith(_SCHEMES):
        raise _wrong("repo must be https://..., ssh://... or git@HOST:PATH")
    if re.match(r"https?://[^/]*@", repo):
        raise _wrong("repo must not hold a name or token; give them as username, password, token")
    username, password = _credentials(given, repo)
    return GitSource(
        repo=repo,
        branch=str(given.get("branch", "")),
        commit=str(given.get("commit", "")),
        username=username,
        password=password,
    )


def without_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``git_config`` as it may be written and shown."""
    return {name: value for name, value in given.items() if name not in SECRETS}


def find_git() -> None:
    """Raise LaunchError when there is no git."""
    if shutil.which("git") is None:
        raise LaunchError("git_config needs the program git, which is not installed here")


def _check_types(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name not in _KEYS:
            hint = did_you_mean(str(name), _KEYS) or f"; known: {', '.join(_KEYS)}"
            raise _wrong(f"unknown key {name!r}{hint}")
        wanted = bool if name == TWO_FACTOR else str
        if not isinstance(value, wanted):
            raise _wrong(f"{name} is a {type(value).__name__}; it must be a {wanted.__name__}")
        if isinstance(value, str) and (value.startswith("-") or "\n" in value):
            raise _wrong(f"{name} must not begin with '-' or hold line ends")


def _credentials(given: Mapping[str, Any], repo: str) -> tuple[str, str]:
    """What git shall send; empty where it is not needed."""
    if not repo.startswith(("https://", "http://")):
        _ignored(given, (TWO_FACTOR, "username", "password", "token"), "ssh uses your keys")
        return "", ""
    codecommit = repo.startswith(_CODECOMMIT)
    if codecommit:
        if given.get(TWO_FACTOR):
            raise _wrong("2FA_enabled: CodeCommit does not support two-factor authentication")
        _ignored(given, ("token",), "CodeCommit knows no tokens")
    elif token := given.get("token"):
        # Services take any name beside a token; GitLab documents this one.
        return str(given.get("username") or "oauth2"), str(token)
    elif given.get(TWO_FACTOR):
        raise _wrong("2FA_enabled=True needs token: a password is not enough then")
    pair = [name for name in ("username", "password") if given.get(name)]
    if len(pair) == 1:
        missing = "password" if pair == ["username"] else "username"
        raise _wrong(f"{pair[0]} needs {missing} too")
    return (str(given["username"]), str(given["password"])) if pair else ("", "")


def _ignored(given: Mapping[str, Any], names: tuple[str, ...], why: str) -> None:
    useless = [name for name in names if given.get(name)]
    if useless:
        warnings.warn(f"git_config: {', '.join(useless)} ignored: {why}", stacklevel=2)


def _wrong(reason: str) -> SpecError:
    return SpecError(f"git_config: {reason}", argument="git_config")
