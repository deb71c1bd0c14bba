"""Following a job to its end, in the cell or behind it."""

import shutil
import threading
from types import SimpleNamespace

import pytest
from support import ranks, until

from jupyter_sdt.errors import JobError, JobLostError, SdtError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.following import fetch_outputs, follow, raise_failure
from jupyter_sdt.notebook.log_tail import log_tail
from jupyter_sdt.notebook.output import MIMETYPE, TerminalOutput, final_bundle, make_output
from jupyter_sdt.notebook.snapshot import look
from jupyter_sdt.notebook.watching import watch, watch_in_background

WAITING = "import time\nprint('ready', flush=True)\ntime.sleep(60)"


class Notes:
    """An output that notes what happens to it."""

    def __init__(self):
        self.events, self.said = [], threading.Event()

    def open(self, snapshot):
        self.events.append("open")

    def leave(self):
        self.events.append("leave")

    def refresh(self, snapshot):
        self.events.append(snapshot.state.secondary_status)

    def close(self, snapshot):
        self.events.append(f"closed {snapshot.state.secondary_status}")

    def say(self, text):
        self.events.append(text)
        self.said.set()


@pytest.fixture
def running(jobs):
    job = TrainingJob(jobs.start(WAITING, distribution=ranks(1)))
    until(lambda: "ready" in log_tail(job, lines=1))
    yield job
    if job.directory.path.exists():
        job.stop(wait=True)


@pytest.fixture
def terminal():
    return SimpleNamespace(user_ns={})


def test_an_output_is_refreshed_and_closed_once(running):
    notes = Notes()
    threading.Timer(0.1, running.stop).start()
    assert watch(running, notes).state.secondary_status == "Stopped"
    assert notes.events[0] == "Training"
    assert notes.events[-1] == "closed Stopped"
    assert len([event for event in notes.events if event.startswith("closed")]) == 1


def test_redraws_are_few(running):
    notes = Notes()
    threading.Timer(0.5, running.stop).start()
    watch(running, notes)
    assert notes.events.count("Training") <= 4


def test_behind_the_cell_the_result_is_said_at_the_end(running):
    notes = Notes()
    watch_in_background(running, notes, lambda: "the result")
    running.stop()
    assert notes.said.wait(20)
    assert notes.events[-2:] == ["closed Stopped", "the result"]


def test_a_deleted_job_is_said_and_ends_the_watching(running):
    notes = Notes()
    thread = watch_in_background(TrainingJob(running.directory), notes, lambda: "the result")
    until(lambda: notes.events)
    running.stop(wait=True)
    shutil.rmtree(running.directory.path, ignore_errors=True)
    thread.join(20)
    assert not thread.is_alive()


def test_a_job_deleted_before_is_said(jobs):
    directory = jobs.run("pass", distribution=ranks(1))
    job, notes = TrainingJob(directory), Notes()
    shutil.rmtree(directory.path)
    watch_in_background(job, notes, lambda: "the result")
    assert notes.said.wait(20)
    assert "was deleted" in notes.events[-1]


def test_a_terminal_waits_and_prints_the_last_line_once(jobs, terminal, capsys):
    follow(terminal, TrainingJob(jobs.run("pass", distribution=ranks(1))), wait=True)
    assert capsys.readouterr().out.count("job-1: Completed") == 2  # opened, and at the end


def test_a_terminal_is_quiet_once_the_cell_has_ended(running, capsys):
    output = TerminalOutput()
    output.open(look(running))
    output.leave()
    capsys.readouterr()
    output.refresh(look(running))
    assert capsys.readouterr().out == ""
    output.close(look(running))
    assert "job-1: Training" in capsys.readouterr().out


def test_a_failed_job_raises_its_error(jobs, terminal):
    job = TrainingJob(jobs.run("raise ValueError('no')", distribution=ranks(1)))
    with pytest.raises(JobError, match="no"):
        follow(terminal, job, wait=True)


def test_a_lost_job_is_told_as_lost(jobs):
    directory = jobs.write("pass", distribution=ranks(1))
    directory.lock_file.touch()  # nobody holds it
    with pytest.raises(JobLostError, match="supervisor of job 'job-1' died"):
        raise_failure(TrainingJob(directory))


def test_a_stopped_job_is_no_error_and_brings_nothing_back(running, terminal):
    running.stop(wait=True)
    raise_failure(running)
    assert fetch_outputs(terminal, running) == ""


def test_results_come_by_name(jobs, terminal):
    job = TrainingJob(jobs.run("a, b = 1, [2]", distribution=ranks(1), variables_out=("a", "b")))
    assert fetch_outputs(terminal, job) == "brought back a (int), b (list)\n"
    assert terminal.user_ns == {"a": 1, "b": [2]}


def test_without_a_kernel_there_are_no_widgets(jobs, terminal):
    job = TrainingJob(jobs.run("pass", distribution=ranks(1)))
    assert isinstance(make_output(terminal, job), TerminalOutput)


def test_a_job_without_curves_leaves_no_picture(jobs):
    job = TrainingJob(jobs.run("pass", distribution=ranks(1)))
    bundle = final_bundle(job, look(job))
    assert set(bundle) == {MIMETYPE, "text/plain"}


def test_the_end_of_each_log_is_shown_with_its_rank(jobs):
    script = "import os\nfor n in range(3):\n    print(os.environ['RANK'], n)"
    job = TrainingJob(jobs.run(script, distribution=ranks(2)))
    assert log_tail(job, lines=2) == "[rank 0]\n0 1\n0 2\n[rank 1]\n1 1\n1 2"
    assert log_tail(job, lines=1, rank=1) == "[rank 1]\n1 2"


def test_a_silent_job_says_so(jobs):
    job = TrainingJob(jobs.run("pass", distribution=ranks(1)))
    assert log_tail(job, lines=2) == "nothing was printed so far"


def test_a_result_that_cannot_be_read_here_does_not_keep_back_the_others(jobs, terminal):
    source = "class Net:\n    pass\nnet = Net()\nloss = 0.5"
    job = TrainingJob(jobs.run(source, variables_out=("net", "loss")))
    with pytest.raises(SdtError, match=r"--out net: (.|\n)*brought back loss \(float\)"):
        follow(terminal, job, wait=True)
    assert terminal.user_ns["loss"] == 0.5
