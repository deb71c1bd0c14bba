"""Acting on a module the moment a script imports it, without ever importing it ourselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Action = Callable[[ModuleType], None]


class _Watch(MetaPathFinder):
    """First in ``sys.meta_path``: lets the other finders find, then hooks the execution."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Action]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.waiting:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._act_after_execution(spec.loader)
        return spec

    def _act_after_execution(self, loader: Any) -> None:
        """Hook this one loader object; it goes on being the module's ``__loader__``, unwrapped.

        Who only asks whether there is such a module (``importlib.util.find_spec``) gets a loader
        that is never executed: the actions go on waiting for one that is.
        """
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            for action in self.waiting.pop(module.__name__, ()):
                _act(action, module)
            if not self.waiting and self in sys.meta_path:
                sys.meta_path.remove(self)

        loader.exec_module = exec_module


_watch = _Watch()


def when_imported(name: str, action: Action) -> None:
    """Call ``action(module)`` right after ``name`` was imported; at once if it already is.

    An exception of ``action`` is written to stderr: the script's import goes on.
    """
    module = sys.modules.get(name)
    if module is not None:
        _act(action, module)
        return
    _watch.waiting.setdefault(name, []).append(action)
    if _watch not in sys.meta_path:
        sys.meta_path.insert(0, _watch)


def _act(action: Action, module: ModuleType) -> None:
    try:
        action(module)
    except Exception as error:  # noqa: BLE001 - the guest must not break the host's import
        sys.stderr.write(f"jupyter_sdt: hook on {module.__name__}: {error!r}\n")
