"""Where the import names of other libraries lie, for ranks whose environment lacks the libraries.

Ranks have the folder at the end of ``sys.path``, so that a library that is really installed comes
first. Nothing else has it: not the kernel, not the server, not the supervisor.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from jupyter_sdt.spec.variables import PYTHON

COMPAT = Path(__file__).parents[1] / "compat"
# Holds a sitecustomize, which makes of a Python process what start_fresh makes of a rank.
CHILDREN = Path(__file__).parent / "children"


def show_compat_to_programs() -> None:
    """Let the Python that this process starts find the folder, too, behind all that is installed.

    Its sitecustomize puts the folder at the end of ``sys.path``, which PYTHONPATH alone cannot.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    rest = [folder for folder in given if folder and folder != str(CHILDREN)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(CHILDREN), *rest])


def offer_commands() -> None:
    """Let the script call ``aws s3``, on a machine that has no ``aws``."""
    if shutil.which("aws") is None:
        os.environ[PYTHON] = sys.executable
        path = os.environ.get("PATH", os.defpath)
        os.environ["PATH"] = os.pathsep.join([path, str(COMPAT / "bin")])


def provided_names() -> list[str]:
    """Top-level names that scripts can import from the folder."""
    return sorted(path.parent.name for path in COMPAT.glob("[!_]*/__init__.py"))
