"""Bring the trees in docs/house.md (every file) and docs/architecture.md (rooms) up to date.

    python tools/house.py

Files that are gone leave, new ones come in with the first sentence of their docstring; what the
page says about the others stays as somebody wrote it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "jupyter_sdt"
# Rooms from the surfaces down, as in the page's drawing of the imports.
ROOMS = ("notebook", "scaling", "estimator", "launch", "store", "runtime", "spec")
_TEXT_COLUMN = 32


def is_room(path: Path) -> bool:
    """Whether it is a folder of the package, or one inside of such a folder."""
    return path.is_dir() and len(path.relative_to(PACKAGE).parts) <= 2


def entries() -> list[Path]:
    """Folders and files in the order of the page."""
    found = [PACKAGE / name for name in ("__init__.py", "errors.py", "job.py", "figures.py")]
    known = [PACKAGE / room for room in ROOMS]
    others = {p.parent for p in PACKAGE.glob("*/*.py")} - set(known)
    singles = set(PACKAGE.glob("*.py")) - set(found)
    for room in [*known, *sorted(others)]:
        found += _inside(room)
    return [path for path in [*found[:1], *sorted(singles), *found[1:]] if path.exists()]


def _inside(folder: Path) -> list[Path]:
    found = [folder]
    for path in sorted(folder.iterdir()):
        if path.is_dir() and any(path.rglob("*.py")):  # not every folder is a package
            found += _inside(path)
        elif path.suffix == ".py" and (path.name != "__init__.py" or _has_code(path)):
            found.append(path)
    return found


def _has_code(path: Path) -> bool:
    return path.read_text().count("\n") > 1


def first_sentence(path: Path) -> str:
    """What a file's (or a folder's) docstring says first."""
    if path.name == "__init__.py":
        return "its public names"
    source = path / "__init__.py" if path.is_dir() else path
    if not source.exists():
        return "Put on the path of a job's processes as it is, no package"
    docstring = ast.get_docstring(ast.parse(source.read_text())) or ""
    line = docstring.partition("\n")[0].replace("``", "")
    return line.partition(". ")[0].rstrip(".")


def written(block: str) -> dict[Path, str]:
    """What the page says so far, by path."""
    texts: dict[Path, str] = {}
    folders: list[str] = []
    for line in block.splitlines():
        name, _, text = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        folders[depth:] = [name]
        texts[ROOT / "".join(folders)] = text.strip()
    return texts


def drawn(texts: dict[Path, str], shown: Callable[[Path], bool]) -> str:
    """The tree as text, of the paths that are to be ``shown``."""
    lines = ["jupyter_sdt/"]
    for path in filter(shown, entries()):
        indent = "  " * (len(path.relative_to(ROOT).parts) - 1)
        name = f"{indent}{path.name}{'/' if path.is_dir() else ''}"
        lines.append(f"{name:<{_TEXT_COLUMN}} {texts.get(path) or first_sentence(path)}")
    return "\n".join(lines) + "\n"


# Page, heading, and which paths its tree has.
TREES = (
    (ROOT / "docs" / "house.md", "# The house", lambda _: True),
    (ROOT / "docs" / "architecture.md", "## 3. The house", is_room),
)


def main() -> None:
    """Rewrite the pages' blocks."""
    for page, heading, shown in TREES:
        head, _, rest = page.read_text().partition(heading)
        before, _, after = rest.partition("```\n")
        block, _, tail = after.partition("```\n")
        tree = drawn(written(block), shown)
        page.write_text(f"{head}{heading}{before}```\n{tree}```\n{tail}")


if __name__ == "__main__":
    main()
