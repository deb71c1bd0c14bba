"""The walls of docs/architecture.md, section "Which way imports run".

Two kinds of test: a walk over the source (imports inside functions, type-only imports and
``import_module("...")`` count), and one subprocess per promise that looks at ``sys.modules``.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "jupyter_sdt"
SOURCE = Path(__file__).parents[1] / PACKAGE

VOCABULARY = {"errors", "spec"}
USE_CASES = {"estimator", "job", "figures", "scaling"}
# What each room may import besides itself: of this package, and of other people's.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "spec": ({"errors"}, set()),
    "store": (VOCABULARY, set()),
    "runtime": (VOCABULARY, {"torch", "numpy", "tensorflow", "greenlet"}),
    "compat": ({"runtime"}, {"torch", "boto3", "numpy", "tensorflow"}),
    "launch": (VOCABULARY | {"store"}, {"psutil", "torch", "boto3", "botocore", "mfusepy"}),
    **dict.fromkeys(
        USE_CASES,
        (VOCABULARY | {"store", "launch"} | USE_CASES, {"pandas", "numpy", "matplotlib", "yaml"}),
    ),
    "cells": (VOCABULARY, {"IPython"}),
    "notebook": (
        VOCABULARY | {"store", "launch", "cells"} | USE_CASES,
        {"IPython", "ipywidgets", "traitlets", "pandas", "numpy", "matplotlib"},
    ),
    "rehearsal": (VOCABULARY | {"store", "launch"} | USE_CASES, {"boto3", "moto"}),
    "server": (
        VOCABULARY | {"store", "launch", "cells"} | USE_CASES,
        {"tornado", "jupyter_server", "traitlets"},
    ),
    "": ({*VOCABULARY, *USE_CASES, "store", "launch", "cells", "notebook", "server"}, set()),
}
# Packages that only these files may name.
ONLY_IN = {
    "torch": {"launch.nursery.preload", "launch.nursery.agent_store"},
    "boto3": {"launch.remote.service", "rehearsal.storage"},
    "mfusepy": {"launch.channels.fast_file_system"},
}

HEAVY = ["torch", "boto3", "pandas", "numpy", "matplotlib", "sklearn"]
JUPYTER = ["IPython", "ipywidgets", "jupyter_client", "jupyter_server", "tornado"]
# Statement, and what must not be in sys.modules because of it.
PROMISES = {
    "the package": (f"import {PACKAGE}", [*HEAVY, *JUPYTER, "psutil"]),
    "the vocabulary": ("import_room('spec', 'errors', 'store')", [*HEAVY, *JUPYTER, "psutil"]),
    # torch brings what it likes; what counts is what the runtime adds.
    "runtime": ("import_room('runtime', after='torch')", ["boto3", *JUPYTER, "psutil"]),
    "runtime.run": ("import_room('runtime.run')", [*HEAVY, *JUPYTER, "psutil"]),
    "runtime.metrics": ("import_room('runtime.metrics')", [*HEAVY, *JUPYTER, "psutil"]),
    "runtime.process_environment": (
        "import_room('runtime.process_environment')",
        [*HEAVY, *JUPYTER, "psutil"],
    ),
    "launch": ("import_room('launch')", [*HEAVY, *JUPYTER]),
    "the use cases": ("import_room('estimator', 'job', 'figures', 'scaling')", HEAVY + JUPYTER),
    "notebook": ("import_room('notebook')", ["torch", "boto3", "pandas", "jupyter_server"]),
    "server": ("import_room('server')", ["torch", "boto3", "pandas", "IPython", "ipywidgets"]),
}
_IMPORT_ROOM = f"""
import importlib, pkgutil, sys
before = set()
def import_room(*names, after="sys"):
    importlib.import_module(after)
    before.update(sys.modules)
    for name in names:
        module = importlib.import_module("{PACKAGE}." + name)
        for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
            importlib.import_module(found.name)
"""


def modules_of(source: Path) -> dict[str, Path]:
    """Dotted names inside the package ("" for its front door) and their files."""
    found = {}
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_names(path: Path, module: str) -> Iterator[str]:
    """Absolute dotted names that a file imports anywhere, ``from a import b`` as ``a.b``."""
    package = [PACKAGE, *module.split(".")] if module else [PACKAGE]
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _named_by_call(node)


def _named_by_call(call: ast.Call) -> Iterator[str]:
    function = ast.unparse(call.func).rpartition(".")[2]
    if function in {"import_module", "__import__"} and isinstance(call.args[0], ast.Constant):
        yield str(call.args[0].value)


def import_graph(source: Path) -> dict[str, set[str]]:
    """Module -> modules of this package that it imports."""
    modules = modules_of(source)
    return {
        module: {
            _module_named(name, modules)
            for name in imported_names(path, module)
            if name.split(".")[0] == PACKAGE
        }
        - {module}
        for module, path in modules.items()
    }


def _module_named(name: str, modules: dict[str, Path]) -> str:
    inner = name.removeprefix(PACKAGE).lstrip(".")
    while inner and inner not in modules:
        inner = inner.rpartition(".")[0]
    return inner


def violations(source: Path) -> list[str]:
    """Every import that goes through a wall, as a sentence."""
    found = []
    for module, imported in import_graph(source).items():
        room = module.split(".")[0]
        if room not in ROOMS:
            found.append(f"{module}: no such room in the table")
            continue
        allowed = ROOMS[room][0] | {room}
        found += [
            f"{module or PACKAGE} imports {other or PACKAGE}"
            for other in sorted(imported)
            if other.split(".")[0] not in allowed
        ]
        found += _foreign_violations(module, modules_of(source)[module], ROOMS[room][1])
    return found


def _foreign_violations(module: str, path: Path, allowed: set[str]) -> list[str]:
    roots = {name.split(".")[0] for name in imported_names(path, module)}
    foreign = roots - {PACKAGE, "__future__"} - sys.stdlib_module_names
    launching = module.startswith("launch.")
    misplaced = {f for f in foreign if launching and module not in ONLY_IN.get(f, {module})}
    return [f"{module} imports {name}" for name in sorted((foreign - allowed) | misplaced)]


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Modules from which one can come back to them, each with the way."""

    def way_back(start: str) -> list[str] | None:
        ways = [[start]]
        seen: set[str] = set()
        while ways:
            way = ways.pop(0)
            for following in sorted(graph.get(way[-1], ())):
                if following == start:
                    return [*way, start]
                if following not in seen:
                    seen.add(following)
                    ways.append([*way, following])
        return None

    return [" -> ".join(way) for module in sorted(graph) if (way := way_back(module))]


def test_every_import_respects_the_walls() -> None:
    assert violations(SOURCE) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(import_graph(SOURCE)) == []


@pytest.mark.parametrize("promise", PROMISES)
def test_importing_loads_nothing_heavier_than_promised(promise: str) -> None:
    statement, forbidden = PROMISES[promise]
    if promise == "server" and not (SOURCE / "server").exists():
        pytest.skip("no server/ yet")
    code = f"{_IMPORT_ROOM}\n{statement}\n"
    code += "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) & set(forbidden) == set()


def _house(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("spec/a.py", "from jupyter_sdt.store import files", "spec.a imports store.files"),
        ("spec/a.py", "import numpy", "spec.a imports numpy"),
        ("runtime/a.py", "def f():\n    from jupyter_sdt import job", "runtime.a imports job"),
        ("runtime/a.py", "from ..launch import plan", "runtime.a imports launch.plan"),
        ("store/a.py", "if TYPE_CHECKING:\n  import jupyter_sdt.job", "store.a imports job"),
        ("launch/a.py", "import_module('jupyter_sdt.runtime')", "launch.a imports runtime"),
        ("launch/local.py", "def f():\n    import boto3", "launch.local imports boto3"),
        ("notebook/a.py", "from jupyter_sdt.server import x", "notebook.a imports server"),
        ("server/a.py", "import jupyter_sdt.notebook.view", "server.a imports notebook.view"),
        ("spec/a.py", "import jupyter_sdt", "spec.a imports jupyter_sdt"),
        ("attic/a.py", "", "attic.a: no such room in the table"),
    ],
)
def test_the_walk_sees_each_kind_of_violation(
    tmp_path: Path, file: str, text: str, sentence: str
) -> None:
    names = ["__init__", "job", "launch/plan", "runtime/__init__", "server/__init__", "store/files"]
    names += ["notebook/view"]
    house = _house(tmp_path, {**{f"{name}.py": "" for name in names}, file: text})
    assert violations(house) == [sentence]


def test_a_circle_through_a_type_only_import_is_seen(tmp_path: Path) -> None:
    files = {
        "job.py": "from jupyter_sdt.figures import draw",
        "figures.py": "if TYPE_CHECKING:\n    from jupyter_sdt.job import TrainingJob",
    }
    found = circles(import_graph(_house(tmp_path, files)))
    assert found == ["figures -> job -> figures", "job -> figures -> job"]
