from __future__ import annotations

import json

from jupyter_sdt.spec.job_spec import Cell
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.failure import job_error

FAILED = JobState().enter("Training", 1.0).enter("Failed", 2.0)


def fail(directory, rank: int, time: float, **fields) -> None:
    report = {
        "rank": rank,
        "time": time,
        "type": "ValueError",
        "message": "bad digit\nsecond line",
        "traceback": "Traceback ...\nValueError: bad digit",
        "cell_line": 12,
        "exit_code": 1,
        **fields,
    }
    directory.error(rank).write_text(json.dumps(report))


def failed(reason: str = "", rank: int | None = None, exit_code: int | None = None) -> JobState:
    return JobState(failed_rank=rank, exit_code=exit_code).enter(
        "Failed", 2.0, failure_reason=reason
    )


def test_only_a_failed_job_has_an_error(directory):
    fail(directory, 0, 1.0)
    for phase in ("Starting", "Training", "Completed", "Stopped", "MaxRuntimeExceeded"):
        assert job_error(directory, JobState().enter(phase, 1.0)) is None


def test_the_error_tells_rank_code_exception_cell_line_and_log(make_job):
    directory = make_job(cell=Cell(execution_count=7))
    fail(directory, 1, 5.0)
    directory.log(1).write_text("".join(f"line {n}\n" for n in range(30)))
    error = job_error(directory, FAILED)
    assert str(error) == (
        "job job-1 failed: rank 1 exited with code 1: ValueError: bad digit (Cell In[7], line 12); "
        f"log: {directory.log(1)}"
    )
    assert (error.job_name, error.rank, error.exit_code) == ("job-1", 1, 1)
    assert error.traceback.endswith("ValueError: bad digit")
    assert error.log_lines == tuple(f"line {n}" for n in range(10, 30))
    assert error.log_path == str(directory.log(1))


def test_the_rank_that_failed_first_is_at_fault(directory):
    fail(directory, 0, 9.0, message="connection reset")
    fail(directory, 1, 8.0)
    fail(directory, 2, 8.5)
    assert job_error(directory, FAILED).rank == 1


def test_the_supervisors_word_counts_when_it_names_a_rank(directory):
    fail(directory, 0, 1.0, message="connection reset", traceback="consequence")
    error = job_error(directory, failed("rank 3 was killed by signal 9 (SIGKILL)", 3, -9))
    assert (error.rank, error.exit_code, error.traceback) == (3, -9, "")
    assert "job job-1 failed: rank 3 was killed by signal 9 (SIGKILL); log:" in str(error)


def test_a_job_that_reached_no_rank_points_to_the_launchers_log(directory):
    directory.launcher_log("algo-1").write_text("mpirun: no such interface\n")
    error = job_error(directory, failed("mpirun exited with code 1"))
    assert error.rank is None
    assert error.log_lines == ("mpirun: no such interface",)
    assert str(error).endswith(f"log: {directory.launcher_log('algo-1')}")


def test_without_any_log_the_supervisors_is_named(directory):
    directory.launcher_log("algo-1").write_text("")
    assert str(directory.supervisor_log) in str(job_error(directory, FAILED))


def test_error_files_that_cannot_be_read_are_passed_over(directory):
    fail(directory, 2, 5.0)
    directory.error(0).write_text("{")
    directory.error(1).write_text("[]")
    assert job_error(directory, FAILED).rank == 2
