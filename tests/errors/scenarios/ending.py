"""How jobs end without having failed, and how they are lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import traceback
import warnings

import psutil
from errors.bench import SLEEPER, Bench
from errors.registry import scenario
from support import until

from jupyter_sdt import TrainingJob
from jupyter_sdt.store.files import read_json


@scenario
def cell_interrupted(bench: Bench) -> None:
    def interrupt() -> None:
        until(lambda: "watch" in functions_of(main))
        signal.pthread_kill(main, signal.SIGINT)

    main = threading.main_thread().ident or 0
    threading.Thread(target=interrupt, daemon=True).start()
    bench.train("", "import time\ntime.sleep(300)\n")


@scenario
def max_run_exceeded(bench: Bench) -> Warning:
    return warned(bench.start(SLEEPER, max_run=0.3))


@scenario
def stopped_by_hand(bench: Bench) -> Warning:
    job = bench.running()
    job.stop()
    return warned(job)


@scenario
def supervisor_killed(bench: Bench) -> None:
    job = bench.running()
    supervisor_of(job).kill()
    job.wait(60)


@scenario
def directory_deleted(bench: Bench) -> None:
    job = bench.running()
    rank = psutil.Process(read_json(job.directory.process(0))["pid"])
    while job.directory.path.exists():
        shutil.rmtree(job.directory.path, ignore_errors=True)
    until(lambda: not rank.is_running())
    job.wait(60)


@scenario
def still_running(bench: Bench) -> None:
    bench.running().wait(timeout_seconds=0.1)


@scenario
def output_path_lost(bench: Bench) -> None:
    results = bench.folder / "results"
    bench.train_script(f"open({str(results)!r}, 'w').close()", output_path=results)


def functions_of(thread: int) -> set[str]:
    """Names of the functions that a thread is in."""
    return {
        frame.f_code.co_name for frame, _ in traceback.walk_stack(sys._current_frames()[thread])
    }


def supervisor_of(job: TrainingJob) -> psutil.Process:
    """The parent of the job's rank 0."""
    parent = psutil.Process(read_json(job.directory.process(0))["pid"]).parent()
    assert parent is not None
    assert parent.pid != os.getpid()
    return parent


def warned(job: TrainingJob) -> Warning:
    """The warning of wait()."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        job.wait(60)
    (warning,) = caught
    assert isinstance(warning.message, Warning)
    return warning.message
