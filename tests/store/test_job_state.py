from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest

from jupyter_sdt.errors import JobLostError, SdtError
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.job_state import observe


@pytest.fixture
def supervisor(directory):
    """A process that holds the job's lock and writes states on command."""
    lock = directory.open_lock()
    code = """
import sys, pathlib
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.spec.job_status import JobState
directory = JobDirectory(pathlib.Path(sys.argv[1]))
for line in sys.stdin:
    directory.write_state(directory.read_state().enter(line.strip(), 5.0))
    print(flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(directory.path)],
        pass_fds=(lock,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(lock)
    yield process
    end(process)
    process.stdin.close()
    process.stdout.close()


def enter(process, phase: str) -> None:
    process.stdin.write(f"{phase}\n")
    process.stdin.flush()
    process.stdout.readline()


def end(process) -> None:
    process.kill()
    process.wait()


def test_a_supervised_job_is_in_the_state_its_supervisor_wrote(directory, supervisor):
    assert observe(directory) == JobState()
    enter(supervisor, "Training")
    assert observe(directory).secondary_status == "Training"
    enter(supervisor, "Completed")
    assert observe(directory).status == "Completed"
    end(supervisor)
    assert observe(directory).status == "Completed"


def test_a_killed_supervisor_is_reported_as_lost(directory, supervisor):
    enter(supervisor, "Training")
    end(supervisor)
    state = observe(directory)
    assert (state.status, state.secondary_status) == ("Failed", "Lost")
    assert "the supervisor of job 'job-1' died in phase Training" in state.failure_reason
    assert "TrainingJob.attach('job-1').stop()" in state.failure_reason
    assert directory.read_state().secondary_status == "Training"  # readers write nothing


def test_a_supervisor_that_died_before_its_first_word_is_lost_too(directory, supervisor):
    end(supervisor)
    assert observe(directory).secondary_status == "Lost"


def test_a_lost_job_ended_at_its_last_sign_of_life(directory, supervisor):
    enter(supervisor, "Training")
    end(supervisor)
    log = directory.log(0)
    log.write_text("step 1\n")
    for path, seconds in ((directory.state_file, 100), (directory.lock_file, 90), (log, 200)):
        os.utime(path, (seconds, seconds))
    os.utime(directory.spec_file, (80, 80))
    directory.ask_to_stop()
    assert observe(directory).ended_seconds == 200.0


def test_the_state_is_read_again_after_the_lock_was_found_free(directory, supervisor):
    class EndsWhileWeLook(JobDirectory):
        def supervised(self) -> bool:
            enter(supervisor, "Completed")
            end(supervisor)
            return directory.supervised()

    enter(supervisor, "Training")
    assert observe(EndsWhileWeLook(directory.path)).status == "Completed"


def test_a_job_being_handed_over_is_starting_and_an_old_one_never_started(directory):
    assert observe(directory).secondary_status == "Starting"
    hour_ago = time.time() - 3600
    os.utime(directory.spec_file, (hour_ago, hour_ago))
    state = observe(directory)
    assert state.secondary_status == "Lost"
    assert "never handed to a supervisor" in state.failure_reason


def test_a_deleted_job_says_so(directory):
    shutil.rmtree(directory.path)
    with pytest.raises(JobLostError, match=r"job 'job-1' is gone: .* was deleted"):
        observe(directory)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"transitions": 3}'])
def test_a_damaged_state_file_is_named(directory, content):
    directory.state_file.write_text(content)
    with pytest.raises(SdtError, match=r"state\.json is damaged"):
        observe(directory)


def test_the_lock_appears_locked_and_only_once(directory):
    assert not directory.supervised()
    lock = directory.open_lock()
    assert directory.supervised()
    with pytest.raises(SdtError, match="was started before; give it a new name"):
        directory.open_lock()
    os.close(lock)
    assert not directory.supervised()
    assert [path.name for path in directory.path.glob(".lock*")] == []
