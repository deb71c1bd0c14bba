"""Virtual CUDA in the Python processes that a rank starts; Python imports this file at its start.

A sitecustomize that the environment has of its own is executed after it, as if ours were not here.
"""

import contextlib
import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

_HERE = str(Path(__file__).parent)

with contextlib.suppress(ImportError):
    from jupyter_sdt.runtime.virtual_cuda import install_virtual_cuda

    install_virtual_cuda()

_spec = PathFinder.find_spec(
    "sitecustomize", [folder for folder in sys.path if folder and folder != _HERE]
)
if _spec is not None and _spec.loader is not None:
    _module = importlib.util.module_from_spec(_spec)
    sys.modules["sitecustomize"] = _module
    _spec.loader.exec_module(_module)
