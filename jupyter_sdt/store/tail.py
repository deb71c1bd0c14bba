"""Following a file that others append to, by byte position, in whole lines."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# A line that grows beyond this is handed out in pieces, so that a reader's memory stays bounded.
LONGEST_LINE = 1 << 18
# A bound for one call that always brings a line as long as anything is left.
CHUNK_BYTES = 4 * LONGEST_LINE


@dataclass(slots=True)
class Tail:
    """Reads each byte of ``path`` once, whoever still writes it and whether it exists yet.

    ``position`` counts the bytes of the lines handed out; a Tail made with the position of an
    earlier one goes on where that one was. With ``carriage_returns`` a progress bar's rewritten
    line counts as a new one each time.
    """

    path: Path
    position: int = 0
    carriage_returns: bool = False
    _partial: bytes = field(default=b"", init=False)
    _identity: tuple[int, int] | None = field(default=None, init=False)

    def read_lines(self, limit_bytes: int = -1) -> list[bytes]:
        """Return the whole lines that are new since the last call, without their newlines.

        A missing or deleted file has none. A file that was truncated or replaced is read from its
        start. ``limit_bytes`` (``CHUNK_BYTES``) bounds what one call reads: call again until there
        is nothing; -1 reads all there is.
        """
        found = self.read_block(limit_bytes)
        return found[:-1].split(b"\n") if found else []

    def read_block(self, limit_bytes: int = -1) -> bytes:
        """Return the lines that :meth:`read_lines` returns in one piece, each with a newline."""
        try:
            with self.path.open("rb", buffering=0) as file:
                self._notice_replacement(file)
                file.seek(self.position + len(self._partial))
                data = file.read(limit_bytes)
        except FileNotFoundError:
            # The next file of this name is another one, even if it gets the same inode.
            self.position, self._partial = 0, b""
            return b""
        except OSError:
            return b""
        return self._whole_lines(data or b"")

    def read_rest(self) -> bytes:
        """Return the unfinished last line; to be called when nobody writes any more."""
        rest, self._partial = self._partial, b""
        self.position += len(rest)
        return rest

    def _notice_replacement(self, file: IO[bytes]) -> None:
        status = _status(file)
        replaced = self._identity not in (None, status[:2])
        if replaced or status[2] < self.position + len(self._partial):
            self.position, self._partial = 0, b""
        self._identity = status[:2]

    def _whole_lines(self, data: bytes) -> bytes:
        if self.carriage_returns:
            data = data.replace(b"\r", b"\n")
        end = data.rfind(b"\n") + 1
        if not end:
            return self._keep(data)
        whole = self._partial + data[:end] if self._partial else data[:end]
        self._partial = b""
        self.position += len(whole)
        return whole + self._keep(data[end:])

    def _keep(self, rest: bytes) -> bytes:
        self._partial += rest
        return self.read_rest() + b"\n" if len(self._partial) > LONGEST_LINE else b""


def _status(file: IO[bytes]) -> tuple[int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size
