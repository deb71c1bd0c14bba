"""Paths and URIs of inputs, outputs and checkpoints, made independent of where we stand."""

from __future__ import annotations

import re
from pathlib import Path

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.launch.source.locations import local_path

_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/.*)?")


def resolve_uri(text: str, argument: str, *, local: bool, must_exist: bool = False) -> str:
    """Return ``s3://...`` as it is, anything on this machine as an absolute path.

    ``local`` says whether the nodes are this machine: ``ml.*`` instances cannot see its files.
    Raises SpecError naming ``argument``.
    """
    if text.startswith("s3://"):
        if not _S3.fullmatch(text):
            raise SpecError(
                f"{argument}: {text!r} names no bucket: those have 3 to 63 lowercase letters, "
                "digits, dots and hyphens",
                argument=argument,
            )
        return text
    if not text:
        raise SpecError(f"{argument} is an empty string", argument=argument)
    if not local and "://" in text and not text.startswith("file://"):
        raise SpecError(f"{argument}: {text!r} must be s3://BUCKET/...", argument=argument)
    path = local_path(text, argument=argument)
    if not local:
        raise SpecError(
            f"{argument}: {text!r} lies on this machine, which ml.* instances cannot see; give "
            "s3://..., or instance_type='local'",
            argument=argument,
        )
    absolute = path.absolute()
    if must_exist and not absolute.exists():
        raise SpecError(
            f"{argument}: {text!r} does not exist{_nearest(absolute)}", argument=argument
        )
    return str(absolute)


def _nearest(path: Path) -> str:
    """A hint from the folder the path should be in, or from where the path ends to exist."""
    if not path.parent.is_dir():
        existing = next(parent for parent in path.parents if parent.is_dir())
        return f": {existing} is where the existing part of it ends"
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
