"""Names inside other libraries that scripts expect: numpy.float, torch._six, torch.sagemaker.

Some were dropped since scripts were written, some exist in SageMaker's images only. They are there
in the processes of a job only, and only where the library really lacks them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from jupyter_sdt.runtime.compat_path import COMPAT
from jupyter_sdt.runtime.late_import import when_imported

_DROPPED = Path(__file__).parent / "dropped_modules"
# Module that a library lacks -> the file that stands in for it.
_MODULES = {
    "torch._six": _DROPPED / "torch_six.py",
    "torch.sagemaker": COMPAT / "_torch_sagemaker" / "__init__.py",
}
# numpy 1.24 dropped aliases of Python's types, numpy 2.0 second names of its own.
_TYPES = {kind.__name__: kind for kind in (bool, complex, float, int, object, str)}
_TYPES |= {"long": int, "unicode": str}
_SECOND_NAMES = {
    **dict.fromkeys(("Inf", "Infinity", "infty", "PINF"), "inf"),
    **dict.fromkeys(("NaN", "NAN"), "nan"),
    "float_": "float64",
    "complex_": "complex128",
    "unicode_": "str_",
    "string_": "bytes_",
    "product": "prod",
    "cumproduct": "cumprod",
    "alltrue": "all",
    "sometrue": "any",
    "row_stack": "vstack",
}


def restore_dropped_names() -> None:
    """Bring the names back from the moment their library is imported."""
    when_imported("numpy", _restore_numpy)
    if not any(isinstance(finder, _DroppedModules) for finder in sys.meta_path):
        sys.meta_path.append(_DroppedModules())


class _DroppedModules(MetaPathFinder):
    """Last in ``sys.meta_path``: finds a module only where nobody else has it."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        file = _MODULES.get(fullname)
        if file is None:
            return None
        folder = [str(file.parent)] if file.name == "__init__.py" else None
        return spec_from_file_location(fullname, file, submodule_search_locations=folder)


def _restore_numpy(numpy: ModuleType) -> None:
    names = vars(numpy)
    for name, kind in _TYPES.items():
        names.setdefault(name, kind)
    if int(str(names["__version__"]).split(".", maxsplit=1)[0]) >= 2:
        names.setdefault("NINF", -names["inf"])
        for name, other in _SECOND_NAMES.items():
            names.setdefault(name, names[other])
