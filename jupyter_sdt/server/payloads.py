"""What the server says about jobs: the border's own types, made from the job directory.

tests/contract/ holds examples of each; the front end is checked against the same files.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from jupyter_sdt.errors import SdtError
from jupyter_sdt.server.costs import CostPayload, EstimatePayload, cost_payload, planned_estimate
from jupyter_sdt.server.error_frames import Frame, error_frames
from jupyter_sdt.server.latest import BRIEFLY, THOROUGHLY, latest_table
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState, JobStatus, SecondaryStatus
from jupyter_sdt.store.failure import job_error, read_errors
from jupyter_sdt.store.files import rank_files, read_object
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.job_state import observe
from jupyter_sdt.store.progress import Progress, RankProgress, progress


class JobSummary(TypedDict):
    """One row of the list of jobs. Times are seconds since the epoch.

    ``deadline_seconds`` is when the ranks of a job that is being stopped are killed. ``cost`` is
    None for a job that costs nothing.
    """

    job_name: str
    status: JobStatus
    secondary_status: SecondaryStatus
    failure_reason: str
    created_seconds: float
    started_seconds: float | None
    ended_seconds: float | None
    elapsed_seconds: float
    world_size: int
    instance_type: str
    instance_count: int
    launcher: str
    step: int | None
    total_steps: int | None
    loss: float | None
    samples_per_second: float | None
    study_name: str | None
    source: Literal["notebook", "file"]
    deadline_seconds: float | None
    cost: CostPayload | None


class RankDetail(TypedDict):
    """One rank: its last sign, and how it ended."""

    rank: int
    node: str
    step: int | None
    last_seconds: float | None
    step_seconds: float | None
    exit_code: int | None


class ErrorDetail(TypedDict):
    """Why a job failed; ``cell_line`` counts from 1 in the cell that ``cell_label`` names.

    ``frames`` lead from the traceback to the user's source, the innermost last.
    """

    rank: int | None
    type: str
    message: str
    traceback: str
    cell_line: int | None
    cell_label: str
    frames: list[Frame]


class JobDetail(TypedDict):
    """All about one job but its curves and logs; ``estimate`` is what it was said to cost."""

    summary: JobSummary
    spec: dict[str, Any]
    state: dict[str, Any]
    plan: dict[str, Any] | None
    estimate: EstimatePayload | None
    ranks: list[RankDetail]
    error: ErrorDetail | None


def job_summary(directory: JobDirectory, *, tail_bytes: int = THOROUGHLY) -> JobSummary:
    """Return a job's row. Raises SdtError when its folder is damaged or gone."""
    spec, state = directory.read_spec(), observe(directory)
    return _summary(spec, state, progress(latest_table(directory, tail_bytes), spec, state))


def brief_summary(directory: JobDirectory) -> JobSummary | None:
    """Return a job's row for a long list; None when the job went away meanwhile.

    A job whose files are damaged is listed as lost, so that one can see and delete it.
    """
    try:
        return job_summary(directory, tail_bytes=BRIEFLY)
    except (SdtError, OSError) as error:
        return _damaged(directory, error)


def lasting(summary: JobSummary) -> dict[str, Any]:
    """Return a row without what the clock alone changes: whoever shows it counts on by itself."""
    cost = summary["cost"]
    seconds = None if cost is None or cost["counting"] else cost["seconds"]
    return {**summary, "elapsed_seconds": None, "cost": cost and {**cost, "seconds": seconds}}


def job_detail(directory: JobDirectory, root: Path | None = None) -> JobDetail:
    """Return everything about one job; ``root`` is the folder that the server serves.

    Raises SdtError when the job's folder is damaged or gone.
    """
    spec, state = directory.read_spec(), observe(directory)
    done = progress(latest_table(directory), spec, state)
    processes, plan = dict(_processes(directory)), _read(directory.plan_file)
    return JobDetail(
        summary=_summary(spec, state, done),
        spec=spec.to_json(),
        state=state.to_json(),
        plan=plan,
        estimate=planned_estimate(plan),
        ranks=[_rank(spec, rank, processes.get(rank.rank, {})) for rank in done.ranks],
        error=_error(directory, spec, state, root),
    )


def _summary(spec: JobSpec, state: JobState, done: Progress) -> JobSummary:
    return JobSummary(
        job_name=spec.job_name,
        status=state.status,
        secondary_status=state.secondary_status,
        failure_reason=state.failure_reason,
        created_seconds=spec.created_seconds,
        started_seconds=state.started_seconds,
        ended_seconds=state.ended_seconds,
        elapsed_seconds=done.elapsed_seconds,
        world_size=state.world_size or spec.world_size,
        instance_type=spec.instance_type,
        instance_count=spec.instance_count,
        launcher=state.launcher or spec.distribution.launcher or "",
        step=done.step,
        total_steps=done.total_steps,
        loss=done.loss,
        samples_per_second=done.samples_per_second,
        study_name=spec.study.study_name if spec.study else None,
        source="notebook" if spec.cell else "file",
        deadline_seconds=_deadline(spec, state),
        cost=cost_payload(state, time.time()),
    )


def _deadline(spec: JobSpec, state: JobState) -> float | None:
    if state.secondary_status != "Stopping":
        return None
    return state.transitions[-1].start_seconds + spec.stop_seconds


def _damaged(directory: JobDirectory, error: Exception) -> JobSummary | None:
    with contextlib.suppress(OSError):
        changed = directory.path.stat().st_mtime
        spec = JobSpec(
            job_name=directory.job_name, entry_point="", python="", created_seconds=changed
        )
        lost = JobState().enter("Lost", changed, failure_reason=str(error))
        return _summary(spec, lost, Progress())
    return None


def _rank(spec: JobSpec, rank: RankProgress, process: Mapping[str, Any]) -> RankDetail:
    node = spec.nodes[min(rank.rank // spec.processes_per_node, spec.instance_count - 1)]
    return RankDetail(
        rank=rank.rank,
        node=str(process.get("node", node)),
        step=rank.step,
        last_seconds=rank.time,
        step_seconds=rank.step_seconds,
        exit_code=process.get("exit_code"),
    )


def _error(
    directory: JobDirectory, spec: JobSpec, state: JobState, root: Path | None
) -> ErrorDetail | None:
    error = job_error(directory, state)
    if error is None:
        return None
    report = read_errors(directory).get(error.rank, {}) if error.rank is not None else {}
    return ErrorDetail(
        rank=error.rank,
        type=str(report.get("type", "")),
        message=str(report.get("message", "") or state.failure_reason or error),
        traceback=error.traceback,
        cell_line=report.get("cell_line"),
        cell_label=spec.cell.label if spec.cell else "",
        frames=error_frames(error.traceback, spec, directory, root),
    )


def _processes(directory: JobDirectory) -> list[tuple[int, dict[str, Any]]]:
    files = rank_files(directory.processes, ".json")
    return [(rank, body) for rank, path in files if (body := _read(path)) is not None]


def _read(path: Any) -> dict[str, Any] | None:
    try:
        return read_object(path)
    except (OSError, ValueError):
        return None
