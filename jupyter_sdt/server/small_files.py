"""Files of a job that its script may have written: read with care, and only when they are small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_sdt.store.files import read_object


def read_small_object(path: Path, most_bytes: int) -> dict[str, Any]:
    """The file's JSON object; empty without one. Links, pipes and huge files are not read."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > most_bytes:
            return {}
        return read_object(path)
    except (OSError, ValueError):
        return {}
