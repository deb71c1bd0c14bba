"""What Python processes that a rank starts have of the rank; Python imports this file at its start.

Substitutes of libraries stand at the end of the path, dropped names are back, and torch.cuda is
virtual where the job asked for it. A sitecustomize that the environment has of its own is executed
afterwards, as if ours were not here.
"""

import contextlib
import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

_HERE = str(Path(__file__).parent)

with contextlib.suppress(ImportError):
    from jupyter_sdt.runtime.compat_path import COMPAT
    from jupyter_sdt.runtime.foreign_names import restore_dropped_names
    from jupyter_sdt.runtime.virtual_cuda import install_virtual_cuda

    sys.path.append(str(COMPAT))
    restore_dropped_names()
    install_virtual_cuda()

_own = PathFinder.find_spec(
    "sitecustomize", [folder for folder in sys.path if folder and folder != _HERE]
)
if _own is not None and _own.loader is not None:
    _module = importlib.util.module_from_spec(_own)
    sys.modules["sitecustomize"] = _module
    _own.loader.exec_module(_module)
