"""Jobs as the server finds them on the disk, and reading its stream."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from support import Jobs, ranks

from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory


@dataclass
class Store:
    """Jobs as they lie on the disk, in any state, without anybody running them."""

    jobs: Jobs
    locks: list[int] = field(default_factory=list)

    def running(self, **fields: Any) -> JobDirectory:
        """A job that trains: we hold its lock as its supervisor would."""
        fields = {"distribution": ranks(2), **fields}
        directory = self.jobs.write("pass", **fields)
        self.locks.append(directory.open_lock())
        state = JobState(world_size=2, launcher="nursery").enter("Starting", time.time())
        directory.write_state(state.enter("Training", time.time()))
        return directory

    def ended(self, status: str = "Completed", **fields: Any) -> JobDirectory:
        directory = self.running(**fields)
        self.end(directory, status)
        return directory

    def end(self, directory: JobDirectory, status: str = "Completed", **changes: Any) -> None:
        directory.write_state(directory.read_state().enter(status, time.time(), **changes))


def record(directory: JobDirectory, step: int, rank: int = 0, **values: float | None) -> None:
    """Append what a rank would."""
    line = MetricRecord(time=1e9 + step, rank=rank, step=step, values=values or {"loss": 1 / step})
    with directory.metric(rank).open("ab") as file:
        file.write(line.to_line())


async def next_message(socket, kind: str | None = None) -> dict[str, Any] | None:
    """The next message (of a kind), None when the socket was closed."""
    while True:
        text = await socket.read_message()
        message = None if text is None else json.loads(text)
        if message is None or kind in (None, message["kind"]):
            return message
