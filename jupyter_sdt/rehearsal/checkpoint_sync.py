"""Checkpoints on their way to S3 while a container runs, as the service keeps them in step."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_sdt.rehearsal.storage import Storage

_SECONDS = 1.0
# A file that changed later than that may be half written.
_REST_SECONDS = 1.0


@dataclass
class CheckpointSync:
    """Sends what is new or changed in ``folder`` to ``uri``; what lies there now came from it."""

    storage: Storage
    folder: Path
    uri: str
    _sent: dict[Path, int] = field(default_factory=dict, init=False)
    _due: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._sent = {path: path.stat().st_mtime_ns for path in self._files()}

    def send(self, *, ended: bool = False) -> None:
        """Send what has rested for a second, once a second; all of it at the container's end."""
        if time.monotonic() < self._due and not ended:
            return
        self._due = time.monotonic() + _SECONDS
        latest = time.time_ns() if ended else time.time_ns() - int(_REST_SECONDS * 1e9)
        for path in self._files():
            try:
                changed = path.stat().st_mtime_ns
                if changed <= latest and self._sent.get(path) != changed:
                    self.storage.put(path, f"{self.uri.rstrip('/')}/{self._name(path)}")
                    self._sent[path] = changed
            except FileNotFoundError:  # replaced at this moment: its next version comes later
                continue

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()
