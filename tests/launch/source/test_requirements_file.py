from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.source.requirements_file import fingerprint, read_requirements


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder / "requirements.txt"


def test_comments_blank_lines_and_continuations_are_read_as_pip_does(tmp_path: Path) -> None:
    file = written(tmp_path, requirements="# head\n\nnumpy>=1 \\\n  ,<3 # why\nx@git+a#egg=x\n")
    assert [line for _, line in read_requirements(file)] == ["numpy>=1   ,<3", "x@git+a#egg=x"]


def test_included_files_count_once_around_a_circle(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "more.txt").write_text("b\n-r ../requirements.txt\n")
    file = written(tmp_path, requirements="a\n-r deep/more.txt\n-c limits.txt\n", limits="c<1\n")
    assert {"a", "b", "c<1"} <= {line for _, line in read_requirements(file)}


@pytest.mark.parametrize("line", ["-e ./package", "--editable=git+https://host/x"])
def test_an_editable_installation_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(LaunchError, match="without -e it can"):
        read_requirements(written(tmp_path, requirements=f"numpy\n{line}\n"))


def test_a_missing_included_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"cannot read .*/absent\.txt"):
        read_requirements(written(tmp_path, requirements="-r absent.txt\n"))


@pytest.mark.parametrize(
    "line",
    [
        "./package",
        "./package[extra]; python_version > '3'",
        "name @ file://{folder}/my%20package",
        "{folder}/package/module.py",
    ],
)
def test_the_digest_changes_with_the_content_of_local_packages(tmp_path: Path, line: str) -> None:
    for name in ("package", "my package"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("1")
    file = written(tmp_path, requirements=line.replace("{folder}", str(tmp_path)) + "\n")
    before = fingerprint(read_requirements(file), tmp_path)
    assert fingerprint(read_requirements(file), tmp_path) == before
    for name in ("package", "my package"):
        (tmp_path / name / "module.py").write_text("2")
    assert fingerprint(read_requirements(file), tmp_path) != before


def test_the_digest_changes_with_any_line(tmp_path: Path) -> None:
    texts = ["a==1\n", "a==2\n", "a==1\nb\n", "--no-index\na==1\n"]
    digests = {
        fingerprint(read_requirements(written(tmp_path, requirements=text)), tmp_path)
        for text in texts
    }
    assert len(digests) == len(texts)
