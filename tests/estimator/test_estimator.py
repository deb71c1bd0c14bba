"""``fit``, ``start``, ``plan``, ``attach`` on real jobs of plain processes, without torch."""

from __future__ import annotations

import io
import os
import pickle
import signal
from pathlib import Path

import pytest

from jupyter_sdt import Estimator, PyTorch, TrainingJob, list_jobs
from jupyter_sdt.errors import JobError, LaunchError, RuntimeStateError, SdtError, SpecError
from jupyter_sdt.estimator import CellSource
from jupyter_sdt.estimator.watching import use_watcher

CELL = CellSource(source="print('from the cell', x)\ny = x + 1\n")


@pytest.fixture(autouse=True)
def no_nursery(monkeypatch):
    """These jobs need no torch, so nothing is gained by a warm process."""
    monkeypatch.setenv("SDT_NURSERY", "0")


def test_fit_prints_the_logs_of_the_job_and_how_long_it_took(script, capsys):
    estimator = Estimator(entry_point=script, hyperparameters={"lr": 0.1}, launcher="python")
    assert estimator.fit() is None
    assert estimator.latest_training_job.status == "Completed"
    out = capsys.readouterr().out
    assert "rank None --lr 0.1\n" in out
    assert "Training seconds: " in out


def test_fit_is_quiet_without_logs(script, capsys):
    Estimator(entry_point=script, launcher="python").fit(logs=False)
    assert "rank" not in capsys.readouterr().out


def test_fit_raises_when_training_failed(script, capsys):
    Path(script).write_text("raise ValueError('no data')\n")
    with pytest.raises(JobError, match="no data"):
        Estimator(entry_point=script, launcher="python").fit()
    assert "ValueError: no data" in capsys.readouterr().out


def test_a_cell_with_variables_there_and_back():
    job = Estimator(launcher="python").start(
        cell=CELL, variables={"x": pickle.dumps(41)}, variables_out=("y",)
    )
    assert isinstance(job, TrainingJob)
    assert job.wait().status == "Completed"
    assert job.outputs() == {"y": 42}
    assert list(job.logs()) == ["from the cell 41"]


def test_jobs_are_found_again_newest_first(script):
    estimator = Estimator(entry_point=script, launcher="python")
    estimator.fit(job_name="first", logs=None)
    estimator.fit(job_name="second", logs="None")
    assert [job.name for job in list_jobs()] == ["second", "first"]


def test_a_taken_name_is_refused_and_the_job_that_has_it_stays(script):
    estimator = Estimator(entry_point=script, launcher="python")
    estimator.fit(job_name="once", logs=False)
    with pytest.raises(SpecError, match="'once' is taken"):
        estimator.fit(job_name="once")
    assert TrainingJob.attach("once").status == "Completed"


def test_names_that_we_choose_are_never_taken(script, jobs_folder: Path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1.0)
    estimator = Estimator(entry_point=script, launcher="python")
    (jobs_folder / "train-1970-01-01-00-00-01-000").mkdir(parents=True)
    assert estimator.plan().job_name == "train-1970-01-01-00-00-01-001"


def test_secrets_reach_the_script_but_no_file(script, jobs_folder: Path):
    Path(script).write_text("import os\nprint(len(os.environ['MY_TOKEN']), os.environ['A'])\n")
    estimator = Estimator(
        entry_point=script, launcher="python", environment={"MY_TOKEN": "hush-hush", "A": "b"}
    )
    estimator.fit(logs=False)
    assert list(estimator.latest_training_job.logs()) == ["9 b"]
    files = [path for path in jobs_folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"hush-hush" in path.read_bytes()]


def test_plan_is_what_would_be_started_and_writes_nothing(script, jobs_folder: Path):
    plan = PyTorch(entry_point=script, processes_per_node=2, launcher="torchrun").plan()
    assert (plan.launcher, plan.world_size) == ("torchrun", 2)
    assert "--nproc-per-node=2" in plan.processes[0].argv
    assert not jobs_folder.exists()


def test_nothing_is_left_when_the_start_fails(script, jobs_folder: Path, monkeypatch):
    monkeypatch.setenv("SDT_JOBS_DIR", "/proc/jobs")
    with pytest.raises(LaunchError, match="SDT_JOBS_DIR"):
        Estimator(entry_point=script).fit()
    monkeypatch.setenv("SDT_JOBS_DIR", str(jobs_folder))
    with pytest.raises(LaunchError, match="cannot write"):
        # No file can have this name, which shows only when everything else has been written.
        Estimator(entry_point=script).start(variables={"x" * 300: b""})
    assert list(jobs_folder.iterdir()) == []


def test_what_cannot_run_yet_is_refused_before_anything_is_written(script, jobs_folder: Path):
    compiled = {
        "compiler_config": {"enabled": True},
        "distribution": {"pytorchxla": {"enabled": True}},
    }
    estimator = PyTorch(entry_point=script, **compiled)
    for start in (estimator.fit, estimator.plan):
        with pytest.raises(LaunchError, match="pytorchxla needs"):
            start()
    assert not jobs_folder.exists()


def test_attach_brings_everything_back_at_once(script, tmp_path: Path, capsys):
    first = PyTorch(
        entry_point=script,
        framework_version="2.0.1",
        hyperparameters={"lr": 0.1},
        output_path=tmp_path / "out",
        launcher="python",
        role=None,
    )
    first.fit(job_name="first", logs=False)
    again = PyTorch.attach("first")
    assert again.latest_training_job.name == "first"
    assert (again.framework_version, again.hyperparameters()) == ("2.0.1", {"lr": 0.1})
    assert again.model_data == f"{tmp_path}/out/first/output/model.tar.gz"
    assert Path(again.model_data).exists()
    again.logs()
    assert capsys.readouterr().out == "rank None --lr 0.1\n"
    again.fit(job_name="second", logs=False)
    assert again.latest_training_job.name == "second"
    assert Estimator.attach("first").hyperparameters() == {"lr": 0.1}


def test_model_data_without_an_output_path_is_the_first_nodes_folder(script):
    estimator = Estimator(entry_point=script, launcher="python")
    estimator.fit(job_name="a", logs=False)
    assert Path(estimator.model_data).is_dir()


def test_there_is_no_job_before_the_first():
    with pytest.raises(RuntimeStateError, match="call fit"):
        _ = Estimator().latest_training_job
    with pytest.raises(SdtError):
        Estimator.attach("never-was")


def test_stop_ends_the_job_and_only_warns(tmp_path: Path):
    script = tmp_path / "endless.py"
    script.write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    estimator = Estimator(entry_point=script, launcher="python", stop_seconds=5)
    estimator.fit(wait=False)
    assert next(estimator.latest_training_job.logs(follow=True)) == "begun"
    estimator.stop()
    with pytest.warns(UserWarning, match="did not complete"):
        assert estimator.latest_training_job.wait().status == "Stopped"


class Interrupting(io.StringIO):
    """A terminal whose user presses Ctrl-C as soon as the script has said something."""

    def write(self, text: str) -> int:
        written = super().write(text)
        if text == "begun\n":
            signal.raise_signal(signal.SIGINT)
        return written


def test_an_interrupt_stops_watching_but_never_the_job(tmp_path: Path, monkeypatch):
    script, gate = tmp_path / "patient.py", tmp_path / "gate"
    os.mkfifo(gate)
    script.write_text(f"print('begun', flush=True)\nopen({str(gate)!r}).read()\n")
    estimator = Estimator(entry_point=script, launcher="python")
    monkeypatch.setattr("sys.stdout", terminal := Interrupting())
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(job_name="patient")
    assert "the job patient goes on" in terminal.getvalue()
    job = estimator.latest_training_job
    assert job.status == "InProgress"
    gate.write_text("")
    assert job.wait().status == "Completed"


def test_a_watcher_takes_the_place_of_printing(script, capsys):
    seen: list[TrainingJob] = []
    use_watcher(seen.append)
    try:
        estimator = Estimator(entry_point=script, launcher="python")
        estimator.fit()
        assert seen == [estimator.latest_training_job]
        assert capsys.readouterr().out == ""
    finally:
        use_watcher(None)
    estimator.latest_training_job.wait()
