"""Where the input channels of a job lie."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_sdt.errors import SpecError, did_you_mean

_PREFIX = "SM_CHANNEL_"


def channel(name: str) -> Path:
    """The folder of the input channel ``name`` (``fit({"training": ...})``) on this node.

    Raises SpecError with the channels there are, when there is none of this name.
    """
    path = os.environ.get(_PREFIX + name.upper())
    if path is not None:
        return Path(path)
    known = sorted(n[len(_PREFIX) :].lower() for n in os.environ if n.startswith(_PREFIX))
    listed = f"this job has {', '.join(known)}" if known else "this job has no channels"
    raise SpecError(
        f"no channel {name!r}; {listed}{did_you_mean(name.lower(), known)}", argument="name"
    )
