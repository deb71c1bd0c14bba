"""The logs of a job as text, from the start or from where a reader was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_sdt.store.files import rank_files
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.tail import CHUNK_BYTES, Tail

_LAST_BYTES = 64 * 1024


@dataclass(slots=True)
class LogReader:
    """New lines of one rank's log, or of all ranks' and launchers' with a prefix each.

    With ``rank`` None and several ranks (``prefixed``) lines begin with ``[rank 3] ``; what
    torchrun or mpirun printed itself begins with the node's name, ``[algo-1] ``.
    """

    directory: JobDirectory
    rank: int | None = None
    prefixed: bool = False
    _tails: dict[Path, tuple[str, Tail]] = field(default_factory=dict, init=False)

    def read(self) -> Iterator[str]:
        """Yield the whole lines that are new since the last call, rank by rank."""
        for prefix, tail in self._files():
            while lines := tail.read_lines(CHUNK_BYTES):
                yield from (prefix + shown_text(line) for line in lines)

    def finish(self) -> Iterator[str]:
        """Yield what is left, last lines without a newline included; all ranks have ended."""
        yield from self.read()
        for prefix, tail in self._tails.values():
            if rest := tail.read_rest():
                yield prefix + shown_text(rest)

    def _files(self) -> list[tuple[str, Tail]]:
        for prefix, path in self._paths():
            self._tails.setdefault(path, (prefix, Tail(path)))
        return list(self._tails.values())

    def _paths(self) -> Iterator[tuple[str, Path]]:
        if self.rank is not None:
            yield "", self.directory.log(self.rank)
            return
        for rank, path in rank_files(self.directory.logs, ".log"):
            yield f"[rank {rank}] " if self.prefixed else "", path
        for path in sorted(self.directory.logs.glob("launcher-*.log")):
            yield f"[{path.stem.removeprefix('launcher-')}] ", path


def last_lines(path: Path, count: int) -> tuple[str, ...]:
    """Return the last lines of a log, at most 64 KiB of them; none when there is no such file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LAST_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return ()
    whole = lines[1:] if size > _LAST_BYTES and len(lines) > 1 else lines
    return tuple(map(shown_text, whole[-count:]))


def shown_text(line: bytes) -> str:
    """A line as a terminal shows it: of one that a progress bar rewrote, what was written last."""
    return line.rstrip(b"\r\n").rpartition(b"\r")[2].decode(errors="replace")
