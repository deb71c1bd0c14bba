"""What the ranks of a job use of this machine: processor, memory and GPU, about once a second."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field

import psutil

from jupyter_sdt.launch.supervision.gpu_usage import GpuUsage
from jupyter_sdt.launch.supervision.process_tree import living_ranks
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.files import append_privately
from jupyter_sdt.store.job_directory import JobDirectory

SAMPLE_SECONDS = 1.0


@dataclass(slots=True)
class _Rank:
    """A rank as it was last looked at: processor seconds, and the monotonic time of that."""

    process: psutil.Process
    cpu_seconds: float = 0.0
    looked: float = 0.0


@dataclass(slots=True)
class ResourceSampler:
    """Appends to ``resources.jsonl``; a look at a rank and its workers takes about a millisecond.

    The first look comes a second after the start, so that no step waits for it. Worker processes
    count for their rank. ``memory_bytes`` is resident memory; pages shared with others count fully.
    """

    spec: JobSpec
    directory: JobDirectory
    _ranks: dict[int, _Rank] = field(default_factory=dict)
    _gpus: GpuUsage | None = None
    _due: float = field(default_factory=lambda: time.monotonic() + SAMPLE_SECONDS)

    def poll(self) -> None:
        """Look at the ranks, when it is time."""
        now = time.monotonic()
        if now < self._due:
            return
        # Counted from now: whoever was held up does not hurry afterwards.
        self._due = now + SAMPLE_SECONDS
        if self._gpus is None:
            self._gpus = GpuUsage.of_job(self.spec)
        self._find_ranks()
        lines = [line for rank in sorted(self._ranks) if (line := self._look(rank, now))]
        with contextlib.suppress(OSError):  # a full disk: the job matters more
            if lines:
                with append_privately(self.directory.resources_file) as file:
                    file.write(b"".join(lines))

    def close(self) -> None:
        """Look no more."""
        if self._gpus is not None:
            self._gpus.close()

    def _find_ranks(self) -> None:
        if len(self._ranks) < self.spec.world_size:
            for rank, process in living_ranks(self.directory).items():
                self._ranks.setdefault(rank, _Rank(process))

    def _look(self, rank: int, now: float) -> bytes:
        seen = self._ranks[rank]
        try:
            cpu_seconds, memory = _usage(seen.process)
        except psutil.Error:
            del self._ranks[rank]
            return b""
        values: dict[str, float | None] = {"memory_bytes": memory}
        if seen.looked:
            # A worker that has ended takes its seconds along.
            used = max(0.0, cpu_seconds - seen.cpu_seconds)
            values["cpu_percent"] = round(100 * used / (now - seen.looked), 1)
        seen.cpu_seconds, seen.looked = cpu_seconds, now
        if self._gpus is not None:
            values |= self._gpus.of_rank(rank % self.spec.processes_per_node)
        record = MetricRecord(
            time=time.time(), rank=rank, step=None, values=values, source="resources"
        )
        return record.to_line()


def _usage(process: psutil.Process) -> tuple[float, float]:
    """Processor seconds and resident bytes of a process and its descendants."""
    seconds, memory = _own_usage(process)
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            more = _own_usage(child)
            seconds, memory = seconds + more[0], memory + more[1]
    return seconds, memory


def _own_usage(process: psutil.Process) -> tuple[float, float]:
    with process.oneshot():
        times = process.cpu_times()
        return times.user + times.system, float(process.memory_info().rss)
