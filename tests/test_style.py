"""The yardstick of CONTRIBUTING.md, where no linter measures it.

Import circles are looked for in test_import_walls.py.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = sorted((ROOT / "jupyter_sdt").rglob("*.py"))
FOLDERS = ("jupyter_sdt", "tests", "tools", "benchmarks")
ALL = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 250, 50  # lines
MEDIAN_FUNCTION, MEDIAN_FILE = 7, 120

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function of a file, methods and inner functions too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """Lines without the docstring."""
    described = ast.get_docstring(function)
    docstring = function.body[0].end_lineno - function.body[0].lineno + 1 if described else 0
    return function.end_lineno - function.lineno + 1 - docstring


def too_long(path: Path) -> list[str]:
    """What of a file is longer than agreed."""
    text = path.read_text()
    lines = text.count("\n")
    found = [f"{path.name}: {lines} lines"] if lines > LONGEST_FILE else []
    long = ((f.name, lines_of(f)) for f in functions(ast.parse(text)))
    return found + [
        f"{path.name}: {name}, {size} lines" for name, size in long if size > LONGEST_FUNCTION
    ]


def undocumented(path: Path) -> list[str]:
    """Public modules, classes, functions and methods of a file that have no docstring."""
    tree = ast.parse(path.read_text())
    found = [] if ast.get_docstring(tree) else [path.name]
    levels: list[ast.Module | ast.ClassDef] = [tree]
    while levels:
        for node in levels.pop().body:
            if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
                found += [] if ast.get_docstring(node) else [f"{path.name}: {node.name}"]
                levels += [node] if isinstance(node, ast.ClassDef) else []
    return found


def names(paths: list[Path]) -> list[str]:
    """Ids of parametrized tests."""
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", ALL, ids=names(ALL))
def test_no_file_or_function_is_longer_than_agreed(path: Path) -> None:
    assert too_long(path) == []


@pytest.mark.parametrize("path", PRODUCT, ids=names(PRODUCT))
def test_public_names_have_docstrings(path: Path) -> None:
    assert undocumented(path) == []


def test_the_median_file_and_function_are_short() -> None:
    trees = [ast.parse(path.read_text()) for path in PRODUCT]
    sizes = [lines_of(function) for tree in trees for function in functions(tree)]
    assert statistics.median(sizes) <= MEDIAN_FUNCTION
    assert statistics.median(len(p.read_text().splitlines()) for p in PRODUCT) <= MEDIAN_FILE


def test_the_measures_see_what_is_too_long_or_undocumented(tmp_path: Path) -> None:
    path = tmp_path / "attic.py"
    docstring = '    """' + "\n" * 200 + '    """\n'
    path.write_text(
        "class Open:\n    def method(self): ...\n\n"
        f"def fits():\n{docstring}" + "    pass\n" * (LONGEST_FUNCTION - 1) + "\n"
        "def _long():\n" + "    pass\n" * LONGEST_FUNCTION
    )
    assert too_long(path) == [
        f"attic.py: {len(path.read_text().splitlines())} lines",
        f"attic.py: _long, {LONGEST_FUNCTION + 1} lines",
    ]
    assert undocumented(path) == ["attic.py", "attic.py: Open", "attic.py: method"]
