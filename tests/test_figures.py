"""Figures of jobs, looked at through matplotlib's objects."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest
from support import Jobs, ranks

from jupyter_sdt.figures import draw, job_figure, png
from jupyter_sdt.figures.curves import moving_average
from jupyter_sdt.figures.job_figure import circumstances, outcome
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.series import Series, SeriesTable

COMPLETED = (
    JobState(world_size=2, launcher="nursery").enter("Training", 10.0).enter("Completed", 22.34)
)


def spec(processes: int = 2, **fields) -> JobSpec:
    return JobSpec(
        job_name="digits",
        entry_point="train.py",
        python="python",
        created_seconds=9.0,
        distribution=Distribution(processes_per_node=processes),
        **fields,
    )


def table(steps: int = 10, ranks: int = 2, **values) -> SeriesTable:
    """Every rank records the same, a function of (step, rank) or a number for each name."""
    made = SeriesTable()
    for rank in range(ranks):
        for step in range(1, steps + 1):
            told = {n: v(step, rank) if callable(v) else v for n, v in values.items()}
            made.add([MetricRecord(time=10.0 + step, rank=rank, step=step, values=told)])
    return made


def panels(figure) -> dict[str, object]:
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def legend(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_only_panels_that_have_data_are_drawn():
    assert list(panels(draw(spec(), COMPLETED, table(loss=1.0)))) == ["Loss"]
    both = table(loss=1.0, step_seconds=0.1, total_steps=10, epoch=1, learning_rate=0.1)
    assert list(panels(draw(spec(), COMPLETED, both))) == ["Loss", "Throughput", "Step time"]
    other = table(train_accuracy=1.0, samples_per_second=1.0)
    assert list(panels(draw(spec(), COMPLETED, other))) == ["Train accuracy", "Throughput"]


def test_every_axis_says_what_it_counts():
    values = {"loss": 1.0, "accuracy": 0.5, "samples_per_second": 9.0, "step_seconds": 0.02}
    figure = draw(spec(), COMPLETED, table(**values))
    assert {title: axes.get_ylabel() for title, axes in panels(figure).items()} == {
        "Loss": "loss, mean over ranks",
        "Accuracy": "accuracy, mean over ranks",
        "Throughput": "samples/s, all ranks",
        "Step time": "ms per step on each rank",
    }
    assert {axes.get_xlabel() for axes in figure.axes} == {"step"}


def test_long_steps_are_told_in_seconds_and_steps_stand_in_for_samples():
    found = panels(draw(spec(), COMPLETED, table(step_seconds=4.0, ranks=1)))
    assert found["Step time"].get_ylabel() == "s per step"
    assert found["Throughput"].get_ylabel() == "steps/s"
    assert set(found["Throughput"].lines[0].get_ydata()) == {0.25}


def test_the_title_tells_the_end_and_the_foot_the_circumstances():
    figure = draw(spec(), COMPLETED, table(loss=1.0))
    assert figure.get_suptitle() == "digits: Completed in 12.3 s"
    assert figure.get_supxlabel() == "2 ranks on local, started by the nursery"


def test_a_failure_tells_its_reason_in_two_lines_at_most():
    state = COMPLETED.enter("Failed", 30.0, failure_reason="rank 1 failed: " + "because " * 100)
    title = draw(spec(), state, table(loss=1.0)).get_suptitle().splitlines()
    assert title[0] == "digits: Failed after 20.0 s"
    assert len(title) == 3
    assert title[2].endswith("\u2026")


@pytest.mark.parametrize(
    ("phase", "seconds", "told"),
    [
        ("Completed", 99.94, "Completed in 99.9 s"),
        ("Stopped", 150.0, "Stopped after 2 min 30 s"),
        ("MaxRuntimeExceeded", 7200.0, "Stopped after 2 h 0 min"),
        ("Lost", 1.0, "Lost after 1.0 s"),
    ],
)
def test_the_outcome_is_told_in_words(phase, seconds, told):
    state = JobState().enter("Training", 10.0).enter(phase, 10.0 + seconds)
    assert outcome(spec(), state) == told


def test_the_circumstances_name_nodes_and_launcher():
    job = spec(instance_count=2, instance_type="local_gpu")
    told = circumstances(job, JobState(world_size=4, launcher="torchrun"))
    assert told == "2 nodes, 4 ranks on local_gpu, started by torchrun"
    assert circumstances(spec(1), JobState()) == "1 rank on local"


def test_a_job_without_metrics_says_so():
    figure = draw(spec(), COMPLETED, SeriesTable())
    assert figure.axes == []
    assert "no metrics were recorded" in [text.get_text() for text in figure.texts]
    assert png(figure)


def test_the_training_loss_comes_first_and_others_beside_it():
    curves = table(val_loss=2.0, ranks=1)
    curves.add(MetricRecord(time=1.0, rank=0, step=s, values={"loss": 1.0}) for s in range(5))
    axes = panels(draw(spec(1), COMPLETED, curves))["Loss"]
    assert legend(axes) == ["loss", "val_loss"]
    assert axes.get_ylabel() == "value"


def test_a_loss_that_falls_far_is_drawn_on_a_logarithmic_axis():
    far = panels(draw(spec(), COMPLETED, table(loss=lambda step, _: 10.0**-step)))["Loss"]
    near = panels(draw(spec(), COMPLETED, table(loss=lambda step, _: 1.0 / step)))["Loss"]
    negative = panels(draw(spec(), COMPLETED, table(loss=lambda step, _: 100.0 - step * 20)))
    assert [far.get_yscale(), near.get_yscale()] == ["log", "linear"]
    assert negative["Loss"].get_yscale() == "linear"


def test_a_restart_is_a_dashed_line_and_no_curve_of_its_own():
    curves = table(loss=1.0, step_seconds=0.1)
    curves.add([MetricRecord(time=16.5, rank=0, step=None, values={"restarts": 1.0})])
    figure = draw(spec(), COMPLETED, curves)
    assert list(panels(figure)) == ["Loss", "Throughput", "Step time"]
    for axes in figure.axes:
        dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert [list(line.get_xdata()) for line in dashed] == [[7.0, 7.0]]
    assert "dashed: ranks started anew" in figure.get_supxlabel()


def test_a_slow_first_step_is_left_out_of_the_picture_and_named():
    slow = table(60, step_seconds=lambda step, _: 2.0 if step == 1 else 0.01)
    axes = panels(draw(spec(), COMPLETED, slow))["Step time"]
    assert axes.get_ylim()[1] < 20
    assert [text.get_text() for text in axes.texts] == ["peak of 2,000 ms not shown"]
    steady = panels(draw(spec(), COMPLETED, table(60, step_seconds=0.01)))["Step time"]
    assert steady.texts[:] == []
    low, high = steady.get_ylim()
    assert (low, high > 10) == (0, True)


def test_few_ranks_have_a_line_each():
    found = panels(draw(spec(), COMPLETED, table(step_seconds=0.01, ranks=3)))
    assert legend(found["Step time"]) == ["rank 0", "rank 1", "rank 2"]


def test_of_many_ranks_the_slowest_stands_out():
    lagging = table(step_seconds=lambda _, rank: 0.02 if rank == 5 else 0.01, ranks=8)
    axes = panels(draw(spec(8), COMPLETED, lagging))["Step time"]
    assert legend(axes) == ["rank 5, the slowest"]
    assert len(axes.lines) == 8
    on_top = max(axes.lines, key=lambda line: line.get_zorder())
    assert set(on_top.get_ydata()) == {20.0}


def test_a_long_curve_is_thinned_and_explained_by_its_moving_average():
    figure = draw(spec(), COMPLETED, table(5_000, ranks=1, loss=lambda step, _: float(step % 7)))
    faint, bold = panels(figure)["Loss"].lines
    assert len(faint.get_xdata()) <= 600
    assert bold.get_linewidth() > faint.get_linewidth()
    assert max(bold.get_ydata()) < max(faint.get_ydata())
    assert figure.get_supxlabel().endswith("bold lines are moving averages")


def test_the_moving_average_lies_around_each_point_and_passes_over_gaps():
    curve = Series()
    for step, value in enumerate([0.0, 3.0, math.nan, 6.0, 9.0]):
        curve.append(step, step, value)
    averaged = moving_average(curve, 3)
    assert list(averaged.steps) == [0, 1, 3, 4]
    assert list(averaged.values) == [1.5, 3.0, 6.0, 7.5]


def test_numbers_that_are_missing_throughout_do_no_harm():
    gaps = table(loss=None, step_seconds=None, samples_per_second=None, accuracy=None)
    assert png(draw(spec(), COMPLETED, gaps))
    assert png(draw(spec(), COMPLETED, table(loss=0.0, step_seconds=0.0, samples_per_second=0.0)))


def test_four_panels_stand_in_two_rows(tmp_path: Path):
    values = {"loss": 1.0, "accuracy": 0.5, "samples_per_second": 9.0, "step_seconds": 0.02}
    (tmp_path / "job.png").write_bytes(png(draw(spec(), COMPLETED, table(**values))))
    height, width, _ = matplotlib.image.imread(tmp_path / "job.png").shape
    assert 0.6 < height / width < 0.9
    assert width < 900  # a notebook's width


def test_a_real_job_is_drawn_from_its_folder(jobs_folder: Path):
    job = TrainingJob(Jobs(jobs_folder).write("pass", distribution=ranks(2)))
    for rank in (0, 1):
        line = MetricRecord(time=1.0, rank=rank, step=1, values={"loss": rank}).to_line()
        job.directory.metric(rank).write_bytes(line)
    figure = job_figure(job)
    assert figure.get_suptitle().startswith("job-1: Starting for")
    assert list(panels(figure)["Loss"].lines[0].get_ydata()) == [0.5]


def test_the_users_own_pictures_and_backend_are_left_alone():
    code = """
import sys
from tests_of_figures import COMPLETED, draw, png, spec, table
import matplotlib
matplotlib.rcParams["axes.facecolor"] = matplotlib.rcParams["text.color"] = "black"
before = dict(matplotlib.rcParams)
figure = draw(spec(), COMPLETED, table(loss=1.0))
assert png(figure).startswith(b"\\x89PNG")
assert dict(matplotlib.rcParams) == before
assert figure.axes[0].get_facecolor() == (1, 1, 1, 1)
assert "matplotlib.pyplot" not in sys.modules
"""
    loader = f"""
import importlib.util, sys
place = importlib.util.spec_from_file_location("tests_of_figures", {__file__!r})
module = sys.modules["tests_of_figures"] = importlib.util.module_from_spec(place)
sys.path.insert(0, {str(Path(__file__).parent)!r})
place.loader.exec_module(module)
"""
    run = subprocess.run(
        [sys.executable, "-c", loader + code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
