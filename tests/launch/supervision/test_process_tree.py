from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_sdt.launch.supervision.process_tree import (
    family,
    job_processes,
    kill_tree,
    living,
    living_ranks,
    signal_processes,
    terminate_tree,
)
from jupyter_sdt.spec.process_identity import start_ticks
from jupyter_sdt.store.job_directory import JobDirectory, job_directory

# Says so when it is ready; ends on SIGTERM unless told to be deaf.
RANK = """
import signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "parent" in sys.argv:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(child.pid, flush=True)
else:
    print(0, flush=True)
time.sleep(600)
"""


@pytest.fixture
def directory() -> JobDirectory:
    made = job_directory("job-1")
    made.create()
    return made


@pytest.fixture
def start() -> Iterator:
    """Starts a rank-like process and returns it with the pid of its child, if it has one."""
    started: list[int] = []

    def run(*words: str, **options) -> tuple[subprocess.Popen, int]:
        process = subprocess.Popen(
            [sys.executable, "-c", RANK, *words], stdout=subprocess.PIPE, text=True, **options
        )
        child = int(process.stdout.readline())
        started.extend(pid for pid in (process.pid, child) if pid)
        process.stdout.close()
        return process, child

    yield run
    for pid in started:
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def record_of(pid: int) -> dict:
    return {"pid": pid, "start_ticks": start_ticks(pid)}


def write_record(directory: JobDirectory, rank: int, record: dict) -> None:
    directory.process(rank).write_text(json.dumps(record))


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_recorded_process_is_found_while_it_lives(start):
    process, _ = start()
    record = record_of(process.pid)
    assert living(record).pid == process.pid
    process.kill()
    process.wait()
    assert living(record) is None


def test_a_process_that_nobody_reaped_counts_as_ended(start):
    process, _ = start()
    record = record_of(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert living(record) is None
    process.wait()


@pytest.mark.parametrize(
    "change",
    [{"start_ticks": "1"}, {"start_ticks": ""}, {"start_ticks": None}, {"pid": "x"}, {"pid": -5}],
)
def test_a_process_that_cannot_be_proved_to_be_ours_is_nobody(change):
    assert living(record_of(os.getpid()) | change) is None
    assert living({}) is None


def test_the_ranks_of_a_job_are_found_by_their_records(directory, start):
    process, _ = start()
    write_record(directory, 2, record_of(process.pid))
    write_record(directory, 0, {"pid": process.pid, "start_ticks": "1"})
    directory.process(1).write_text("{")
    assert {rank: p.pid for rank, p in living_ranks(directory).items()} == {2: process.pid}


def test_a_deleted_job_has_no_ranks(tmp_path: Path):
    assert living_ranks(JobDirectory(tmp_path / "nowhere")) == {}


def test_launchers_and_orphans_are_found_by_the_jobs_folder_in_their_environment(directory, start):
    ours, _ = start(env={**os.environ, "SDT_JOB_DIRECTORY": str(directory.path)})
    start(env={**os.environ, "SDT_JOB_DIRECTORY": f"{directory.path}-2"})
    shared = {**os.environ, "SDT_JOB_DIRECTORY": str(directory.path)}
    start(
        "jupyter_sdt.launch.nursery.server", env=shared
    )  # as a nursery that a rank happened to start
    assert [process.pid for process in job_processes(directory)] == [ours.pid]


def test_a_script_inside_the_job_does_not_count_itself(directory):
    write_record(directory, 0, record_of(os.getpid()))
    assert job_processes(directory) == []
    assert os.getpid() not in {p.pid for p in family([psutil.Process()])}


def test_a_tree_that_listens_ends_at_once(start):
    process, child = start("parent")
    started = time.monotonic()
    assert terminate_tree([psutil.Process(process.pid)], grace_seconds=60)
    assert time.monotonic() - started < 10
    assert process.wait() == -signal.SIGTERM
    assert gone(child)


def test_a_tree_that_does_not_listen_is_killed_after_its_time(start):
    process, child = start("parent", "deaf")
    assert terminate_tree([psutil.Process(process.pid)], grace_seconds=0.1)
    assert process.wait() == -signal.SIGKILL
    assert gone(child)


def test_killing_takes_the_descendants_too(start):
    process, child = start("parent", "deaf")
    assert kill_tree([psutil.Process(process.pid)])
    assert gone(child)
    assert kill_tree([])


def test_a_process_that_ended_before_gets_no_signal(start):
    process, _ = start()
    ended = psutil.Process(process.pid)
    process.kill()
    process.wait()
    signal_processes([ended], signal.SIGTERM)
    assert terminate_tree([ended], grace_seconds=60)


def test_processes_of_others_are_left_alone(start):
    ours, _ = start()
    other, _ = start()
    terminate_tree([psutil.Process(ours.pid)], grace_seconds=60)
    assert other.poll() is None


def test_the_command_ends_what_a_dead_supervisor_left_behind(directory, start):
    process, child = start("parent", start_new_session=True)
    write_record(directory, 0, record_of(process.pid))
    module = "jupyter_sdt.launch.supervision.process_tree"
    command = [sys.executable, "-m", module, str(directory.path), "--grace=60"]
    subprocess.run(command, check=True)
    assert process.wait() == -signal.SIGTERM
    assert gone(child)
