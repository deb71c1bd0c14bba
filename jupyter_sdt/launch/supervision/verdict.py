"""Which rank failed first, and why, from what the ranks left behind."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.launch.backend import Outcome
from jupyter_sdt.launch.supervision.children import Ended
from jupyter_sdt.store.failure import cell_place
from jupyter_sdt.store.files import read_json
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.log_reader import last_lines

# What a healthy rank raises when another one has gone. It is never the cause when there is one.
_LOST_PEER = re.compile(
    r"[Cc]onnection (closed|reset|refused)|Broken pipe|remote process exited|recvValue failed"
    r"|rank \d+ is gone: |stage \d+ \(rank \d+\) failed: "
    r"|socket (error|timeout)|Socket closed"
)
# Less than this and hardly a file can be written any more.
_FULL_BYTES = 64 * 1024
# torchrun's table of failures: the only trace of a worker that a signal killed.
_TORCHRUN_FAILURE = re.compile(r"rank\s*:\s*(\d+) \(local_rank.*?exitcode\s*:\s*(-?\d+)", re.DOTALL)
_TABLE_LINES = 300


@dataclass(frozen=True, slots=True, order=True)
class _Suspect:
    consequence: bool  # a rank that only noticed another one's end
    time: float
    rank: int
    exit_code: int
    reason: str


def judge(directory: JobDirectory, ended: list[Ended], world_size: int) -> Outcome:
    """Return the outcome of a job whose processes have all ended."""
    codes = [e.exit_code for e in ended]
    if all(code == 0 for code in codes):
        return Outcome(exit_code=0)
    suspects = [
        suspect
        for rank in range(world_size)
        if (suspect := _from_error_file(directory, rank)) is not None
    ]
    known = {s.rank for s in suspects}
    suspects += [s for s in _from_processes(directory, ended, world_size) if s.rank not in known]
    if not suspects:
        return _launcher_failed(directory, ended)
    first = min(suspects)
    if (service := _broken_service(ended)) is not None and service.time < first.time:
        return _launcher_failed(directory, [service])
    reason = first.reason + _disk_note(directory)
    return Outcome(exit_code=first.exit_code, failed_rank=first.rank, reason=reason)


def describe_exit(exit_code: int) -> str:
    """Put an exit code into words."""
    if exit_code >= 0:
        return f"exited with code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "unknown"
    text = f"was killed by signal {-exit_code} ({name})"
    if exit_code == -signal.SIGKILL:
        text += "; if nobody did that, the machine ran out of memory"
    return text


def _disk_note(directory: JobDirectory) -> str:
    """What a rank that could write nothing any more could not tell itself."""
    try:
        disk = os.statvfs(directory.path)
    except OSError:
        return ""
    if disk.f_bavail * disk.f_frsize > _FULL_BYTES:
        return ""
    return f"; the disk of {directory.path} is full: make room, or set SDT_JOBS_DIR to another one"


def _from_error_file(directory: JobDirectory, rank: int) -> _Suspect | None:
    try:
        error: dict[str, Any] = read_json(directory.error(rank))
    except (FileNotFoundError, ValueError):
        return None
    kind, message = str(error.get("type", "error")), str(error.get("message", ""))
    where = f" ({place})" if (place := cell_place(directory, error)) else ""
    return _Suspect(
        consequence=bool(_LOST_PEER.search(message)),
        time=float(error.get("time", 0)),
        rank=rank,
        exit_code=int(error.get("exit_code", 1)),
        reason=f"rank {rank} failed: {_told(kind, message)}{where}{_cure(kind, message)}",
    )


def _told(kind: str, message: str) -> str:
    """An exception in one line, as Python prints it."""
    first_line = message.strip().partition("\n")[0]
    return f"{kind}: {first_line}" if first_line else kind


def _cure(kind: str, message: str) -> str:
    """What to do about an exception that says it only to those who know."""
    if kind == "ModuleNotFoundError" and "'tensorflow'" in message:
        return "; pip install 'jupyter-sdt[tensorflow]' brings it"
    if kind == "ModuleNotFoundError":
        return "; packages are named in requirements, files of your own lie in source_dir"
    if kind == "BdbQuit" or (kind == "EOFError" and "reading a line" in message):
        return "; a rank has no keyboard: give it values by --in or --hp, without breakpoints"
    if kind == "MemoryError" or "DefaultCPUAllocator: can't allocate memory" in message:
        return "; this node has no memory left for it: use smaller batches or fewer processes"
    if "EADDRINUSE" in message:
        return "; another program took the port of rank 0 first: start the job again"
    return ""


def _from_processes(directory: JobDirectory, ended: list[Ended], world_size: int) -> list[_Suspect]:
    seen: dict[int | None, tuple[int, float]] = {
        e.plan.rank: (e.exit_code, e.time) for e in ended if e.plan.rank is not None
    }
    if not seen:
        seen = _from_records(directory, world_size) | _from_torchrun(directory, ended)
    return [
        _Suspect(False, when, rank, code, f"rank {rank} {describe_exit(code)}")
        for rank, (code, when) in seen.items()
        if code != 0 and rank is not None
    ]


def _from_records(directory: JobDirectory, world_size: int) -> dict[int | None, tuple[int, float]]:
    found: dict[int | None, tuple[int, float]] = {}
    for rank in range(world_size):
        try:
            record = read_json(directory.process(rank))
        except (FileNotFoundError, ValueError):
            continue
        if "exit_code" in record:
            found[rank] = (int(record["exit_code"]), float(record.get("ended_seconds", 0)))
    return found


def _from_torchrun(
    directory: JobDirectory, ended: list[Ended]
) -> dict[int | None, tuple[int, float]]:
    found: dict[int | None, tuple[int, float]] = {}
    for child in ended:
        table = "\n".join(last_lines(directory.path / child.plan.log, _TABLE_LINES))
        for match in _TORCHRUN_FAILURE.finditer(table):
            found[int(match[1])] = (int(match[2]), child.time)
    # torchrun ends the others with SIGTERM and lists them too.
    causes = {rank: end for rank, end in found.items() if end[0] != -signal.SIGTERM}
    return causes or found


def _broken_service(ended: list[Ended]) -> Ended | None:
    """The first server beside the ranks that ended badly."""
    return next((e for e in ended if e.plan.service and e.exit_code != 0), None)


def _launcher_failed(directory: JobDirectory, ended: list[Ended]) -> Outcome:
    child = next(e for e in ended if e.exit_code != 0)
    told = last_lines(directory.path / child.plan.log, 20)
    lines = [line for line in told if line.strip()][-5:]
    who = child.plan.argv[0] if child.plan.rank is None else f"rank {child.plan.rank}"
    if child.plan.service:
        who = f"the {child.plan.service} of {child.plan.node}"
    reason = f"{who} {describe_exit(child.exit_code)}"
    if lines:
        reason += ": " + " | ".join(line.strip() for line in lines)
    return Outcome(exit_code=child.exit_code, failed_rank=child.plan.rank, reason=reason)
