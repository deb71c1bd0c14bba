from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.source.ignore import IgnorePatterns
from jupyter_sdt.launch.source.locations import list_files

FILES = (
    "a.txt a.py keep.txt data/x.bin data/deep/y.bin src/data/z.bin src/a.txt src/keep.txt "
    "build/out/a.o build/b.o #odd !odd sp\\ ace b1 b2 bx b] -x src/deep/er/a.txt datas [b] *lit"
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    for name in FILES.replace("\\ ", "\0").split():
        path = root / name.replace("\0", " ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


@pytest.mark.parametrize(
    "lines",
    [
        ["data"],
        ["data/"],
        ["/data"],
        ["src/data"],
        ["*.txt"],
        ["*.txt", "!keep.txt"],
        ["!keep.txt", "*.txt"],
        ["/*.txt"],
        ["**/data"],
        ["data/**"],
        ["src/**/a.txt"],
        ["**/deep/**"],
        ["build/*"],
        ["build/*", "!build/b.o"],
        ["build", "!build/b.o"],
        ["# comment", "", "\\#odd", "\\!odd"],
        ["sp ace"],
        ["a.txt   ", "sp*"],
        ["b[12]"],
        ["b[!12]"],
        ["b[^12]"],
        ["b[]]"],
        ["b?"],
        ["b[a-z]", "[-]x"],
        ["\\*lit"],
        ["a.*"],
        ["src/*/z.bin"],
        ["src/?eep"],
        ["datas/"],
        ["*"],
        ["/*", "!/src"],
        ["\\[b]"],
    ],
    ids=" ".join,
)
def test_files_are_ignored_exactly_as_git_ignores_them(repository: Path, lines: list[str]) -> None:
    (repository / ".git" / "info" / "exclude").write_text("\n".join(lines) + "\n")
    command = ["git", "-C", repository, "ls-files", "-z", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    patterns = IgnorePatterns.parse([".git/", *lines])
    ours = list_files(repository, lambda name, _: patterns.ignores(name)).files
    assert {name for name, _ in ours} == set(listed.split("\0")) - {""}


def test_a_line_that_is_no_pattern_is_named() -> None:
    with pytest.raises(SpecError, match=r"\.sdtignore, line 2: 'x\[z-a\]' is no pattern"):
        IgnorePatterns.parse(["fine", "x[z-a]"])
