"""Where the import names of other libraries lie, for ranks whose environment lacks the libraries.

Ranks have the folder at the end of ``sys.path``, so that a library that is really installed comes
first. Nothing else has it: not the kernel, not the server, not the supervisor.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

COMPAT = Path(__file__).parents[1] / "compat"


def show_compat_to_programs() -> None:
    """Put the folder on PYTHONPATH, for the Python that an entry point such as train.sh starts.

    PYTHONPATH comes before installed packages. So nothing is shown when one of the libraries is
    installed: it must not be hidden.
    """
    others = [entry for entry in sys.path if entry != str(COMPAT)]
    if any(PathFinder.find_spec(name, others) for name in provided_names()):
        return
    given = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([*([given] if given else []), str(COMPAT)])


def provided_names() -> list[str]:
    """Top-level names that scripts can import from the folder."""
    return sorted(path.parent.name for path in COMPAT.glob("*/__init__.py"))
