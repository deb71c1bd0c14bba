"""The last lines of a job's logs, rank by rank."""

from __future__ import annotations

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.store.log_reader import last_lines


def log_tail(job: TrainingJob, *, lines: int, rank: int | None = None) -> str:
    """The end of each rank's log, or of one rank's, as text with a heading per rank."""
    ranks = range(job.spec.world_size) if rank is None else [rank]
    found = {number: last_lines(job.directory.log(number), lines) for number in ranks}
    parts = [f"[rank {number}]\n" + "\n".join(text) for number, text in found.items() if text]
    return "\n".join(parts) or "nothing was printed so far"
