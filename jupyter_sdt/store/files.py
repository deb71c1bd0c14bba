"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace ``path`` by ``content`` in one step, readable by its owner alone (0600).

    ``durable`` waits for the disk, so that the file also survives a power cut. Raises OSError when
    the disk is full or the folder is gone; ``path`` then still holds what it held before.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: Any, *, durable: bool = True) -> None:
    """Write ``data`` as indented JSON, atomically."""
    content = json.dumps(data, indent=1, allow_nan=False, default=_refuse)
    write_atomically(path, content.encode(), durable=durable)


def read_json(path: Path) -> Any:
    """Read what :func:`write_json` wrote. Raises FileNotFoundError or ValueError."""
    return json.loads(path.read_bytes())


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises FileNotFoundError, or ValueError for anything else."""
    data = read_json(path)
    if not isinstance(data, dict):
        raise ValueError(f"a JSON object was expected, not {type(data).__name__}")
    return data


def make_private_folder(path: Path) -> Path:
    """Create ``path`` with its parents, readable by its owner alone (0700), and return it."""
    # mkdir(parents=True) would give the parents the default mode.
    for missing in reversed([p for p in (path, *path.parents) if not p.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def rank_files(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    """Return rank and path of each ``rank-N<suffix>`` of a folder by rank; none if it is gone."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
    matches = (re.fullmatch(rf"rank-(\d+){re.escape(suffix)}", name) for name in names)
    return sorted((int(match[1]), folder / match[0]) for match in matches if match)


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")


def append_privately(path: Path) -> BinaryIO:
    """Open ``path`` for appending; when that creates it, its owner alone can read it (0600)."""
    return os.fdopen(os.open(path, _APPENDING, 0o600), "ab")


def append_all(contents: Mapping[Path, bytes]) -> None:
    """Append to several files, to all of them or to none.

    Raises OSError when the disk is full or the folder is gone; what was appended to others of them
    is then taken back.
    """
    with ExitStack() as stack:
        before: list[tuple[int, int]] = []
        try:
            for path, content in contents.items():
                handle = os.open(path, _APPENDING, 0o600)
                stack.callback(os.close, handle)
                before.append((handle, os.fstat(handle).st_size))
                _write_whole(handle, content)
        except OSError:
            for handle, size in before:
                with suppress(OSError):  # a device has no size
                    os.ftruncate(handle, size)
            raise


def _write_whole(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]
