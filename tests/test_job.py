"""TrainingJob on real jobs: a supervisor, ranks, and sometimes nobody any more."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from support import Jobs, ranks, until

from jupyter_sdt.errors import JobError, JobLostError, SdtError, SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.supervision.process_tree import job_processes, living_ranks
from jupyter_sdt.spec.job_spec import Cell

WAITS = "import pathlib, time\npathlib.Path('ready').touch()\ntime.sleep(600)"


@pytest.fixture
def jobs(jobs_folder: Path) -> Jobs:
    return Jobs(jobs_folder)


def started(jobs: Jobs, source: str = WAITS, **fields) -> TrainingJob:
    """A job whose script has begun."""
    job = TrainingJob(jobs.start(source, **fields))
    until((job.directory.source / "ready").exists)
    until(lambda: len(living_ranks(job.directory)) == job.spec.world_size)
    return job


def lose(job: TrainingJob) -> None:
    """Kill the supervisor: whoever has the lock open."""
    lock = str(job.directory.lock_file)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(file.path == lock for file in process.open_files()):
                process.kill()
    until(lambda: not job.directory.supervised())


def test_a_completed_job_is_followed_to_its_end(jobs):
    job = TrainingJob(jobs.start("print('hello')"))
    seen = []
    state = job.wait(60, on_change=lambda state: seen.append(state.secondary_status))
    assert (state.status, job.status, state.exit_code) == ("Completed", "Completed", 0)
    assert seen[-1] == "Completed"
    assert list(dict.fromkeys(seen))[-2:] == ["Training", "Completed"]
    assert list(job.logs()) == ["hello"]
    assert job.error() is None


def test_the_watcher_is_told_of_a_quiet_job_several_times_a_second(jobs):
    job = started(jobs)
    times: list[float] = []

    def tick(state):
        times.append(time.monotonic())
        if len(times) == 4:
            job.stop()

    with pytest.warns(UserWarning, match="did not complete"):
        job.wait(60, on_change=tick)
    assert times[3] - times[0] < 5


def test_a_failed_job_raises_with_rank_cell_line_and_log(jobs):
    source = "import os\nprint('almost')\nif os.environ['RANK'] == '1':\n    raise ValueError('no')"
    job = TrainingJob(jobs.run(source, distribution=ranks(2), cell=Cell(execution_count=7)))
    with pytest.raises(JobError) as failure:
        job.wait(60)
    error = failure.value
    assert (error.rank, error.exit_code, error.job_name) == (1, 1, job.name)
    assert "ValueError: no (Cell In[7], line 4)" in str(error)
    assert "Cell In[7], line 4" in error.traceback
    assert "almost" in error.log_lines
    assert error.log_path == str(job.directory.log(1))
    assert str(job.error()) == str(error)


def test_a_stopped_job_only_warns(jobs):
    job = started(jobs)
    job.stop(wait=True)
    assert job.state().status == "Stopped"
    assert living_ranks(job.directory) == {}
    with pytest.warns(UserWarning, match=r"did not complete: somebody asked it to stop"):
        assert job.wait().status == "Stopped"
    job.stop()  # once more does nothing
    assert job.error() is None


def test_waiting_ends_in_time_and_leaves_the_job_alone(jobs):
    job = started(jobs)
    with pytest.raises(TimeoutError, match=r"job job-1 is Training after 0\.05 s"):
        job.wait(0.05)
    assert job.status == "InProgress"


def test_a_job_whose_supervisor_was_killed_is_lost_and_can_still_be_stopped(jobs):
    jobs.run("pass")  # the next job comes before its supervisor stands by, and is forked for it
    job = started(jobs, distribution=ranks(2))
    lose(job)
    assert (job.status, job.state().secondary_status) == ("Failed", "Lost")
    with pytest.raises(JobLostError, match=r"died in phase Training.*attach\('job-2'\)\.stop\(\)"):
        job.wait()
    assert len(living_ranks(job.directory)) == 2
    assert "died in phase Training" in str(job.error())
    job.stop(wait=True)
    assert job_processes(job.directory) == []


def test_stopping_a_lost_job_need_not_be_waited_for(jobs):
    job = started(jobs)
    lose(job)
    job.stop()
    until(lambda: not job_processes(job.directory))


def test_a_deleted_job_says_so_everywhere(jobs):
    job = TrainingJob(jobs.run("pass"))
    shutil.rmtree(job.directory.path)
    for use in (job.state, job.wait, job.stop, job.error):
        with pytest.raises(JobLostError, match="was deleted"):
            use()
    assert job.metrics() == []
    with pytest.raises(SdtError, match="no job 'job-1'"):
        TrainingJob.attach("job-1")


def test_a_job_is_found_by_name_from_another_process(jobs):
    jobs.run("print('hello')")
    code = (
        "from jupyter_sdt.job import TrainingJob\n"
        "job = TrainingJob.attach('job-1')\n"
        "print(job, job.status, *job.logs())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "TrainingJob('job-1') Completed hello\n"


def test_logs_follow_the_job_to_its_last_unfinished_line(jobs):
    job = started(
        jobs,
        "import pathlib, time\npathlib.Path('ready').touch()\nprint('first')\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('last', end='')",
    )
    lines = job.logs(follow=True)
    assert next(lines) == "first"
    (job.directory.source / "go").touch()
    assert list(lines) == ["last"]


def test_logs_of_several_ranks_carry_their_rank(jobs):
    source = "import os\nprint('I am', os.environ['RANK'])"
    job = TrainingJob(jobs.run(source, distribution=ranks(2)))
    assert sorted(job.logs()) == ["[rank 0] I am 0", "[rank 1] I am 1"]
    assert list(job.logs(rank=1)) == ["I am 1"]


def test_a_rank_that_does_not_exist_has_no_log(jobs):
    job = TrainingJob(jobs.write("pass", distribution=ranks(4)))
    with pytest.raises(SpecError, match=r"rank=7: job job-1 has ranks 0 to 3") as refusal:
        job.logs(rank=7)
    assert refusal.value.argument == "rank"


def test_variables_come_back_by_name(jobs):
    job = TrainingJob(jobs.run("a = {'x': 1}\nb = [2]", variables_out=("a", "b")))
    assert job.outputs() == {"a": {"x": 1}, "b": [2]}


def test_two_handles_watch_one_job_without_disturbing_it(jobs):
    job = started(jobs)
    ended = []
    threads = [threading.Thread(target=lambda: ended.append(quiet_end(job))) for _ in range(2)]
    for thread in threads:
        thread.start()
    TrainingJob.attach(job.name).stop()
    for thread in threads:
        thread.join(60)
    assert ended == ["Stopped", "Stopped"]


def quiet_end(job: TrainingJob) -> str:
    return list(TrainingJob(job.directory)._states(60))[-1].status


def test_a_job_killed_by_a_signal_says_which(jobs):
    job = TrainingJob(jobs.run("import os\nos.kill(os.getpid(), 9)"))
    error = job.error()
    assert (error.rank, error.exit_code) == (0, -signal.SIGKILL)
    assert "SIGKILL" in str(error)


def test_watching_costs_little(jobs):
    job = started(jobs)
    before = time.process_time()
    with pytest.raises(TimeoutError):
        job.wait(1.0)
    assert time.process_time() - before < 0.2
    assert os.getpid() not in {p.pid for p in job_processes(job.directory)}


def test_a_variable_whose_class_is_missing_here_is_named_and_can_be_read_later(jobs):
    source = "class Net:\n    pass\nnet = Net()\nloss = 0.5"
    job = TrainingJob(jobs.run(source, variables_out=("net", "loss")))
    assert job.status == "Completed"
    with pytest.raises(SdtError, match=r"--out net: it was saved but cannot be read here .*Net"):
        job.outputs()
