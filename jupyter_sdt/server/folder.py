"""The folder of jobs, which JupyterLab's settings may choose.

It is the environment's ``SDT_JOBS_DIR`` that changes, so kernels started afterwards keep their jobs
there, too; those that run already go on as before.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypedDict

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.variables import JOBS_DIRECTORY
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import jobs_root

# What the server was started with: back to it when the setting is emptied.
_AT_START = os.environ.get(JOBS_DIRECTORY)


class FolderPayload(TypedDict):
    """Where jobs are kept, absolute."""

    folder: str


def folder() -> FolderPayload:
    """Return the folder of jobs."""
    return FolderPayload(folder=str(jobs_root()))


def choose_folder(content: bytes) -> FolderPayload:
    """Keep jobs in the folder that a request's body names; an empty text means the server's own.

    The folder is made when it is missing. Raises SpecError when it cannot be one.
    """
    given = _read(content)
    if given:
        os.environ[JOBS_DIRECTORY] = str(_usable(given))
    elif _AT_START is None:
        os.environ.pop(JOBS_DIRECTORY, None)
    else:
        os.environ[JOBS_DIRECTORY] = _AT_START
    return folder()


def _read(content: bytes) -> str:
    try:
        given = json.loads(content)["folder"]
    except (ValueError, TypeError, KeyError):
        given = None
    if not isinstance(given, str):
        raise SpecError('the body must be {"folder": "/path"}', argument="folder")
    return given.strip()


def _usable(given: str) -> Path:
    try:
        path = Path(given).expanduser()
    except RuntimeError as error:  # ~somebody
        raise _wrong(given, str(error)) from None
    if not path.is_absolute():
        raise _wrong(given, "must be absolute, or begin with ~")
    try:
        make_private_folder(path)
    except OSError as error:
        raise _wrong(given, f"cannot be made: {error.strerror}") from None
    if path.stat().st_uid != os.getuid():
        raise _wrong(given, "belongs to somebody else")
    return path


def _wrong(given: str, reason: str) -> SpecError:
    return SpecError(f"folder={given!r} {reason}", argument="folder")
