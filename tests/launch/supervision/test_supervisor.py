"""One job's life, from start() to state.json's last word."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
from support import ranks, until

from jupyter_sdt.launch.supervision.state_keeper import StateKeeper
from jupyter_sdt.spec.job_spec import Channel
from jupyter_sdt.store.files import read_json
from jupyter_sdt.store.job_directory import JobDirectory

SLEEPER = """
import time
print("ready", flush=True)
time.sleep(300)
"""


def ready(directory: JobDirectory, rank: int = 0) -> bool:
    log = directory.log(rank)
    return log.exists() and "ready" in log.read_text()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def test_a_script_runs_to_its_end_and_the_state_tells_every_phase(jobs):
    directory = jobs.run("print('hello')")
    state = directory.read_state()
    assert (state.status, state.exit_code, state.launcher) == ("Completed", 0, "nursery")
    phases = [t.secondary_status for t in state.transitions]
    assert phases == ["Starting", "Training", "Completed"]
    assert directory.log(0).read_text() == "hello\n"
    assert read_json(directory.plan_file)["processes"][0]["rank"] == 0


def test_the_lock_is_free_once_the_supervisor_has_gone(jobs):
    directory = jobs.start(SLEEPER)
    until(lambda: ready(directory))
    assert directory.supervised()
    directory.ask_to_stop()
    jobs.wait(directory)
    until(lambda: not directory.supervised())


def test_the_exit_code_of_the_script_is_kept(jobs):
    state = jobs.run("raise SystemExit(7)").read_state()
    assert (state.status, state.exit_code, state.failed_rank) == ("Failed", 7, 0)
    assert "exited with code 7" in state.failure_reason


def test_an_exception_on_rank_1_names_rank_1_although_rank_0_fails_too(jobs):
    directory = jobs.run(
        """
        import os, torch.distributed as dist, torch
        dist.init_process_group("gloo")
        if os.environ["RANK"] == "1":
            raise ValueError("only here")
        dist.all_reduce(torch.ones(1))
        """,
        distribution=ranks(2),
    )
    state = directory.read_state()
    assert (state.status, state.failed_rank) == ("Failed", 1)
    assert "ValueError: only here" in state.failure_reason
    assert "ValueError" in (directory.node("algo-1") / "output" / "failure").read_text()


def test_a_rank_killed_by_sigkill_is_named_with_its_signal(jobs):
    directory = jobs.start(SLEEPER, distribution=ranks(2))
    until(lambda: ready(directory, 0) and ready(directory, 1))
    os.kill(read_json(directory.process(1))["pid"], signal.SIGKILL)
    state = jobs.wait(directory)
    assert (state.failed_rank, state.exit_code) == (1, -9)
    assert "SIGKILL" in state.failure_reason


def test_stop_lets_the_script_save_and_then_ends_it(jobs):
    directory = jobs.start(
        """
        import signal, sys, time, pathlib
        def save(*_):
            pathlib.Path("saved").write_text("yes")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        print("ready", flush=True)
        time.sleep(300)
        """
    )
    until(lambda: ready(directory))
    directory.ask_to_stop()
    state = jobs.wait(directory)
    assert state.status == "Stopped"
    assert (directory.source / "saved").read_text() == "yes"
    assert "Stopping" in [t.secondary_status for t in state.transitions]


def test_a_script_that_ignores_sigterm_is_killed_at_the_deadline(jobs):
    directory = jobs.start(
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        time.sleep(300)
        """,
        stop_seconds=0.5,
    )
    until(lambda: ready(directory))
    asked = time.time()
    directory.ask_to_stop()
    state = jobs.wait(directory)
    assert state.status == "Stopped"
    assert 0.4 < state.ended_seconds - asked < 5


def test_nothing_a_script_started_survives_it(jobs):
    directory = jobs.start(
        """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"],
                                 start_new_session=True)
        print("child", child.pid, flush=True)
        print("ready", flush=True)
        time.sleep(300)
        """
    )
    until(lambda: ready(directory))
    child = int(directory.log(0).read_text().split()[1])
    stranger = psutil.Popen(["sleep", "300"], start_new_session=True)
    try:
        directory.ask_to_stop()
        jobs.wait(directory)
        until(lambda: not psutil.pid_exists(child))
        assert stranger.is_running()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_job_that_runs_too_long_is_ended(jobs):
    state = jobs.run(SLEEPER, max_run_seconds=0.3).read_state()
    assert (state.status, state.secondary_status) == ("Stopped", "MaxRuntimeExceeded")


def test_two_jobs_at_once_do_not_disturb_each_other(jobs):
    first = jobs.start(SLEEPER, distribution=ranks(2))
    second = jobs.run("print('done')", distribution=ranks(2))
    assert second.read_state().status == "Completed"
    assert first.read_state().status == "InProgress"
    first.ask_to_stop()
    assert jobs.wait(first).status == "Stopped"


def test_a_job_outlives_the_process_that_started_it(jobs):
    directory = jobs.write(SLEEPER)
    pid = os.fork()
    if pid == 0:
        from jupyter_sdt.launch import local

        local.start(directory, dict(os.environ))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    until(lambda: ready(directory))
    assert directory.supervised()
    directory.ask_to_stop()
    assert jobs.wait(directory).status == "Stopped"


def test_a_deleted_directory_ends_the_job(jobs):
    directory = jobs.start(SLEEPER)
    until(lambda: ready(directory))
    rank = psutil.Process(read_json(directory.process(0))["pid"])
    shutil.rmtree(directory.path, ignore_errors=True)
    shutil.rmtree(directory.path, ignore_errors=True)
    until(lambda: not rank.is_running())


def test_variables_of_the_submitting_process_reach_the_ranks_and_no_file(jobs):
    directory = jobs.run(
        "import os; print(os.environ['CANARY'][::-1])", environment={"CANARY": "s3cr3t"}
    )
    assert directory.log(0).read_text() == "t3rc3s\n"
    written = [p for p in directory.path.rglob("*") if p.is_file()]
    assert written
    assert not [p for p in written if b"s3cr3t" in p.read_bytes()]


def test_files_of_a_job_are_private(jobs):
    directory = jobs.run("print('hello')")
    for path in directory.path.rglob("*"):
        if not path.is_symlink() and directory.source not in path.parents:
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_full_disk_still_leaves_the_last_word(jobs, tiny_disk):
    directory = JobDirectory(tiny_disk / "full")
    directory.create()
    keeper = StateKeeper(directory)
    keeper.begin()
    fill(tiny_disk / "filler")
    keeper.enter("Failed", failure_reason="No space left on device")
    assert directory.read_state().failure_reason == "No space left on device"


def test_a_pipe_channel_that_cannot_be_fed_fails_the_job_instead_of_hanging_it(jobs, tmp_path):
    (tmp_path / "broken.gz").write_bytes(b"this is no gzip file")
    channel = Channel(
        name="train", uri=str(tmp_path / "broken.gz"), input_mode="Pipe", compression="Gzip"
    )
    directory = jobs.run(
        """
        import os, time
        while True:
            with open(os.environ["SM_CHANNEL_TRAIN"] + "_0", "rb") as pipe:
                pipe.read()
            time.sleep(300)
        """,
        channels=(channel,),
    )
    state = directory.read_state()
    assert state.status == "Failed"
    assert "Pipe channel" in state.failure_reason
    assert "gzip" in directory.supervisor_log.read_text().lower()


@pytest.mark.parametrize("offset", [0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06])
def test_a_job_stopped_the_moment_it_starts_does_not_miss_it(jobs, offset):
    directory = jobs.start(SLEEPER, distribution=ranks(2))
    time.sleep(offset)
    directory.ask_to_stop()
    state = jobs.wait(directory, seconds=20)
    assert state.status == "Stopped"
