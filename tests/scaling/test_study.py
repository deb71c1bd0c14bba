"""Studies of real jobs: a tiny script on the nursery, the job store, failures, a restart."""

import re
import textwrap
import threading

import pytest

from jupyter_sdt import Estimator, ScalingStudy
from jupyter_sdt.errors import JobError, RuntimeStateError, SdtError, SpecError
from jupyter_sdt.scaling.figure import redraw

TRAIN = """
import argparse

import torch
from torch import nn

from jupyter_sdt.runtime import DistributedModel, init

parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int, default=64)
parser.add_argument("--seconds", type=float, default=0.4)
options = parser.parse_args()
init()
model = DistributedModel(nn.Linear(32, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
import time
start = time.monotonic()
done = torch.zeros(())
while not done:
    optimizer.zero_grad()
    model(torch.randn(options.batch_size, 32)).square().mean().backward()
    optimizer.step()
    done = torch.tensor(float(time.monotonic() - start > options.seconds))
    if torch.distributed.get_world_size() > 1:
        torch.distributed.broadcast(done, 0)
"""
# Says its own speed: 1000 samples/s and rank, as of a machine without noise.
SAYS_ITS_SPEED = """
import os

from jupyter_sdt.runtime import log_metrics

for step in range(20):
    log_metrics(step=step, step_seconds=0.064, samples_per_second=1000.0)
"""


@pytest.fixture
def estimator(tmp_path):
    def make(source=SAYS_ITS_SPEED, **keywords):
        script = tmp_path / "train.py"
        script.write_text(textwrap.dedent(source))
        return Estimator(entry_point=str(script), **keywords)

    return make


def test_a_study_of_an_unmodified_torch_script_measures_both_sizes(estimator):
    study = ScalingStudy(
        estimator(TRAIN, hyperparameters={"batch_size": 64}),
        [1, 2],
        oversubscribe=True,
        batch_size_hyperparameter="batch_size",
        name="real",
    )
    seen = []
    study.run(on_change=lambda s: seen.append((len(s.rows), s.current_job and s.current_job.name)))
    one, two = study.table()
    assert (one.world_size, one.processes_per_node, two.processes_per_node) == (1, 1, 2)
    assert one.throughput > 0
    assert two.throughput > 0
    assert (one.speedup, one.efficiency) == (1, 1)
    assert two.speedup == pytest.approx(two.throughput / one.throughput)
    assert (one.global_batch_size, two.global_batch_size) == (64, 64)
    assert (one.job_names, two.job_names) == (("real-n1",), ("real-n2",))
    assert seen[0] == (0, "real-n1")
    assert (1, "real-n2") in seen
    assert seen[-1] == (2, None)


def test_every_size_gets_its_share_of_the_batch_the_same_threads_and_its_place(estimator):
    study = ScalingStudy(
        estimator(hyperparameters={"batch_size": 64, "lr": 0.1}),
        [2, 1],
        oversubscribe=True,
        batch_size_hyperparameter="batch_size",
        name="shares",
    ).run()
    specs = [job.spec for job in study.jobs]
    assert [spec.world_size for spec in specs] == [1, 2]
    assert [dict(spec.hyperparameters) for spec in specs] == [
        {"batch_size": 64, "lr": 0.1},
        {"batch_size": 32, "lr": 0.1},
    ]
    assert len({spec.environment["OMP_NUM_THREADS"] for spec in specs}) == 1
    assert [spec.study.study_name for spec in specs] == ["shares", "shares"]
    assert [spec.distribution.strategy for spec in specs] == ["torch_distributed"] * 2


def test_repeats_run_all_sizes_in_turn_and_give_median_and_spread(estimator):
    study = ScalingStudy(
        estimator(), [1, 2], scaling="weak", repeats=2, oversubscribe=True, name="again"
    ).run()
    assert [job.name for job in study.jobs] == [
        "again-n1",
        "again-n2",
        "again-n1-r2",
        "again-n2-r2",
    ]
    one, two = study.rows
    assert (one.repeats, two.repeats) == (2, 2)
    assert one.throughput_low == one.throughput == one.throughput_high == pytest.approx(1000)
    assert two.throughput == pytest.approx(2000)
    assert two.efficiency == pytest.approx(1)


def test_after_a_kernel_restart_a_study_is_rebuilt_from_the_job_store(estimator):
    study = ScalingStudy(estimator(), [1, 2], scaling="weak", oversubscribe=True, name="kept").run()
    again = ScalingStudy.attach("kept")
    assert again.rows == study.rows
    assert again.settings.scaling == "weak"
    assert again.summary() == study.summary()
    assert again.current_job is None
    with pytest.raises(SdtError, match=r"no job of a study named 'kpet'.*did you mean 'kept'"):
        ScalingStudy.attach("kpet")


def test_an_attached_study_waits_for_the_job_that_still_runs(estimator, tmp_path):
    go = tmp_path / "go"
    held = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
    study = ScalingStudy(estimator(held + SAYS_ITS_SPEED), [1], oversubscribe=True, name="held")
    started = threading.Event()
    runner = threading.Thread(target=study.run, kwargs={"on_change": lambda _: started.set()})
    runner.start()
    assert started.wait(60)
    attached = ScalingStudy.attach("held")
    assert attached.rows == []
    assert attached.current_job.name == "held-n1"
    assert "Not measured yet: world size 1" in attached.summary()
    go.touch()
    assert attached.wait().rows[0].throughput == pytest.approx(1000)
    runner.join(60)


def test_text_frame_and_figure_tell_the_same(estimator):
    study = ScalingStudy(estimator(), [1, 2], scaling="weak", oversubscribe=True).run()
    frame = study.dataframe()
    assert list(frame["world_size"]) == [1, 2]
    assert list(frame["speedup"]) == pytest.approx([1, 2])
    text = study.summary()
    assert re.match(r"study-[\d-]+, weak scaling, relative to world size 1\n", text)
    assert "2,000" in text
    assert "thread(s) per rank; torch" in text
    figure = study.figure()
    redraw(figure, study.picture())
    assert [t.get_text() for t in figure.axes[0].texts][:2] == ["1,000", "2,000"]
    assert study._repr_png_().startswith(b"\x89PNG")


def test_a_failed_job_ends_the_study_and_keeps_what_was_measured(estimator):
    failing = SAYS_ITS_SPEED + "\nassert os.environ['WORLD_SIZE'] == '1', 'no second rank'\n"
    study = ScalingStudy(estimator(failing), [1, 2], oversubscribe=True)
    with pytest.raises(JobError, match="no second rank"):
        study.run()
    assert [row.world_size for row in study.rows] == [1]
    assert "Not measured yet: world size 2" in study.summary()


def test_a_job_somebody_stops_ends_the_study(estimator):
    endless = SAYS_ITS_SPEED + "\nimport time\nwhile True: time.sleep(0.05)\n"
    study = ScalingStudy(estimator(endless), [1, 2], oversubscribe=True)

    def stop_once_it_trains(study):
        if study.current_job and study.current_job.metrics():
            study.stop()

    with pytest.warns(UserWarning, match="did not complete"):
        study.run(on_change=stop_once_it_trains)
    assert study.rows == []
    assert len(study.jobs) == 1


def test_a_job_without_steps_is_named(estimator):
    study = ScalingStudy(estimator("print('nothing')"), [1], oversubscribe=True, name="silent")
    with pytest.raises(SpecError, match=r"job silent-n1: no rank recorded samples_per_second"):
        study.run()


def test_a_study_runs_once_and_its_name_is_its_own(estimator):
    study = ScalingStudy(estimator(), [1], name="mine").run()
    with pytest.raises(RuntimeStateError, match="mine was run before"):
        study.run()
    with pytest.raises(SpecError, match=r"name='mine' is taken.*attach\('mine'\)"):
        ScalingStudy(estimator(), [1], name="mine")


def test_a_distribution_that_names_its_processes_is_spread_by_the_study(estimator):
    mpi = {"mpi": {"enabled": True, "processes_per_host": 8}}
    study = ScalingStudy(estimator(distribution=mpi), [1, 2], oversubscribe=True)
    plans = [variant.plan() for variant in study._variants.values()]
    assert [(plan.launcher, plan.world_size) for plan in plans] == [("mpirun", 1), ("mpirun", 2)]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"world_sizes": [1, 4096]}, r"4096 ranks need 4096 cores, this machine has \d+"),
        ({"scaling": "strang"}, r"scaling='strang'"),
        ({"repeats": 0}, r"repeats=0 must be 1 or more"),
        ({"warmup_steps": -1}, r"warmup_steps=-1 must be 0 or more"),
        ({"name": "a/b"}, r"'a/b-n1' must be"),
        ({"scaling": "weak", "batch_size_hyperparameter": "b"}, r"leave it out"),
        ({"batch_size_hyperparameter": "b"}, r"'b' is not among the hyperparameters"),
    ],
)
def test_a_study_that_cannot_be_is_refused_before_anything_starts(
    estimator, jobs_folder, keywords, message
):
    with pytest.raises(SpecError, match=message):
        ScalingStudy(estimator(), **{"world_sizes": [1], **keywords})
    assert not jobs_folder.exists() or not list(jobs_folder.iterdir())


def test_more_ranks_than_gpus_are_refused_on_local_gpu(estimator):
    none_visible = {"CUDA_VISIBLE_DEVICES": ""}
    with pytest.raises(SpecError, match=r"1 ranks need 1 GPUs, this machine has 0"):
        ScalingStudy(estimator(instance_type="local_gpu", environment=none_visible), [1])


def test_nodes_share_the_ranks_of_a_size(estimator):
    study = ScalingStudy(estimator(instance_count=2), [2, 4], oversubscribe=True)
    assert [v.processes_per_node for v in study._variants.values()] == [1, 2]
