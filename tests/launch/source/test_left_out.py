"""What stays at home unasked, what ``.sdtignore`` says about it, and what a plan tells of both."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.launch.source.bundle import find_source
from jupyter_sdt.launch.source.left_out import LARGE_DATA_BYTES, ignored_by_git
from jupyter_sdt.launch.source.listing import size_in_words, source_notes


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    root = tmp_path / "project"
    names = ("explore.ipynb", ".env", "deep/id_rsa", "my-credentials.json", ".aws/config")
    write(root, {"train.py": "", "labels.csv": "a", "scratch/notes.py": "", "deep/model.py": ""})
    write(root, dict.fromkeys(names, "x"))
    for name in ("data/train.parquet", "tool.so"):
        (root / name).parent.mkdir(exist_ok=True)
        with (root / name).open("wb") as file:
            file.truncate(LARGE_DATA_BYTES + 1)
    return root


def source(root: Path, **other):
    return find_source(entry_point="train.py", source_dir=str(root), **other)


def test_notebooks_large_data_and_likely_secrets_stay_at_home(project):
    found = source(project)
    assert sorted(found.files) == [
        *("deep/model.py", "labels.csv", "scratch/notes.py", "tool.so", "train.py"),
    ]
    reasons = {name: why.split(":")[0] for name, why in found.left_out.items()}
    assert reasons == {
        "explore.ipynb": "a notebook",
        **dict.fromkeys((".env", ".aws/", "deep/id_rsa"), "a likely secret"),
        "my-credentials.json": "a likely secret",
        "data/train.parquet": "10 MB of data",
    }
    assert source(project, everything=True).left_out == {}


def test_the_file_has_the_last_word_in_both_directions(project):
    (project / ".sdtignore").write_text("!explore.ipynb\n!*.parquet\nscratch/\n")
    found = source(project)
    assert {"explore.ipynb", "data/train.parquet"} <= set(found.files)
    assert "scratch/notes.py" not in found.files
    assert "scratch/" not in found.left_out  # somebody asked for it


def test_what_git_ignores_stays_at_home_unless_everything_is_ignored(project):
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    write(project, {".gitignore": "scratch/\n*.csv\n", "deep/.gitignore": "model.py\n"})
    assert {"scratch/", "labels.csv", "deep/model.py"} <= ignored_by_git(project)
    found = source(project)
    assert sorted(n for n in found.files if n.endswith((".py", ".csv"))) == ["train.py"]
    assert found.left_out["scratch/"] == "git ignores it"
    assert ignored_by_git(project / "scratch") == frozenset()


def test_a_folder_outside_of_any_repository_asks_nobody(project):
    assert ignored_by_git(project) == frozenset()


def test_the_script_goes_along_whatever_it_looks_like(project):
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    (project / ".gitignore").write_text("train.py\n")
    found = source(project)
    assert "train.py" in found.files
    assert "train.py" not in found.left_out


def test_a_plan_tells_what_travels_the_largest_first_and_what_does_not(project):
    told, left = source_notes(source(project))
    sizes = "tool.so 10 MB, labels.csv 1 B, deep/model.py 0 B, scratch/notes.py 0 B, train.py 0 B"
    assert told == f"source: 5 files, 10 MB: {sizes}"
    assert left.startswith("left out of the source: ")
    assert "explore.ipynb (a notebook)" in left
    assert left.endswith("'!NAME' in .sdtignore takes it along")
    many = project / "deep"
    write(many, {f"part_{n}.py": "x" * (2000 + n) for n in range(30)})
    assert ", 25 smaller" in next(source_notes(source(project)))


def test_a_cell_is_listed_by_its_size():
    notes = list(source_notes(find_source(cell_source="x = 1\n")))
    assert notes == ["source: 1 file, 6 B: entry_point.py (the cell) 6 B"]


@pytest.mark.parametrize(
    ("size", "words"), [(999, "999 B"), (12345, "12.3 kB"), (2_500_000, "2.5 MB"), (3e10, "30 GB")]
)
def test_sizes_in_words(size, words):
    assert size_in_words(size) == words


def test_a_job_that_starts_without_something_says_so(project):
    (project / "train.py").write_text("print('trained')\n")
    estimator = PyTorch(entry_point="train.py", source_dir=str(project))
    with pytest.warns(UserWarning, match=r"left out of the source: .*10 MB of data"):
        estimator.start().wait(timeout_seconds=60)
    (project / ".sdtignore").write_text("*\n!*.py\n!*.ipynb\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.start().wait(timeout_seconds=60)
