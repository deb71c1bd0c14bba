"""``processes/rank-N.json``: which process a rank is, and how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_sdt.runtime.process_environment import ProcessEnvironment
from jupyter_sdt.runtime.rank_files import RankFiles, write_whole
from jupyter_sdt.spec.process_identity import start_ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """The record of the process that made it; copies of it in forked children write nothing."""

    files: RankFiles
    place: ProcessEnvironment
    pid: int = field(default_factory=os.getpid)
    started_seconds: float = field(default_factory=time.time)

    def write_start(self) -> None:
        """Say who this rank is."""
        self._write({})

    def write_end(self, exit_code: int) -> None:
        """Say how it ended."""
        self._write({"exit_code": exit_code, "ended_seconds": time.time()})

    def _write(self, more: dict[str, Any]) -> None:
        if os.getpid() != self.pid:
            return
        body = {
            "rank": self.place.rank,
            "local_rank": self.place.local_rank,
            "node": self.place.node,
            "pid": self.pid,
            "start_ticks": start_ticks(self.pid),
            "started_seconds": self.started_seconds,
            **more,
        }
        try:
            write_whole(self.files.process, json.dumps(body, indent=1).encode())
        except OSError as error:
            # A full disk must not end training; the launcher still knows pid and exit code.
            with contextlib.suppress(OSError):
                sys.stderr.write(f"jupyter_sdt: cannot write {self.files.process}: {error}\n")
