"""Why a job failed, told from what its ranks left behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import JobError
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.files import rank_files, read_object
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.log_reader import last_lines

_LOG_LINES = 20


def job_error(directory: JobDirectory, state: JobState) -> JobError | None:
    """Return the error of a failed job, or None for any other.

    The rank at fault is the one the supervisor named, otherwise the one that failed earliest.
    """
    if state.status != "Failed":
        return None
    errors = read_errors(directory)
    rank = state.failed_rank if state.failed_rank is not None else _earliest(errors)
    report = errors.get(rank, {}) if rank is not None else {}
    log = _log(directory, rank)
    reason = state.failure_reason or _reason(directory, rank, report)
    # pip's last lines stay apart from the path.
    separator = "\n" if "\n" in reason else "; "
    return JobError(
        f"job {directory.job_name} failed: {reason}{separator}log: {log}",
        job_name=directory.job_name,
        rank=rank,
        exit_code=state.exit_code if state.exit_code is not None else report.get("exit_code"),
        traceback=str(report.get("traceback", "")),
        log_lines=last_lines(log, _LOG_LINES),
        log_path=str(log),
    )


def read_errors(directory: JobDirectory) -> dict[int, dict[str, Any]]:
    """Return ``errors/rank-N.json`` by rank; files that cannot be read are passed over."""
    found = {}
    for rank, path in rank_files(directory.errors, ".json"):
        try:
            found[rank] = read_object(path)
        except (OSError, ValueError):
            continue
    return found


def cell_place(directory: JobDirectory, report: Mapping[str, Any]) -> str:
    """Return ``Cell In[7], line 12`` for an error that came from a cell, else an empty string."""
    line, cell = report.get("cell_line"), directory.read_spec().cell
    return f"{cell.label}, line {line}" if cell is not None and line is not None else ""


def _earliest(errors: dict[int, dict[str, Any]]) -> int | None:
    return min(errors, key=lambda rank: float(errors[rank].get("time", 0)), default=None)


def _reason(directory: JobDirectory, rank: int | None, report: dict[str, Any]) -> str:
    if not report:
        return f"nobody wrote down why; see {directory.supervisor_log}"
    message = str(report.get("message", "")).strip().partition("\n")[0]
    where = f" ({place})" if (place := cell_place(directory, report)) else ""
    code = report.get("exit_code", 1)
    return f"rank {rank} exited with code {code}: {report.get('type', 'error')}: {message}{where}"


def _log(directory: JobDirectory, rank: int | None) -> Path:
    """The log in which to look: the rank's, else the launcher's, else the supervisor's."""
    if rank is not None:
        return directory.log(rank)
    if directory.read_spec().instance_type.startswith("ml."):
        # There the logs are those of nodes, and all that could be had; the first leads.
        return directory.log(0) if directory.log(0).exists() else directory.supervisor_log
    launchers = sorted(directory.logs.glob("launcher-*.log"))
    told = [path for path in launchers if path.stat().st_size]
    return told[0] if told else directory.supervisor_log
