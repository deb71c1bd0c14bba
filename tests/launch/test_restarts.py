"""A lost rank costs a restart, not the job: training goes on from the last checkpoint."""

from __future__ import annotations

import json

import pytest
from support import Jobs, ranks, until

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.estimator import Estimator
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch import local
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.restarts import restart_steps

LOSES_A_RANK = """
import os, signal
from pathlib import Path
import torch
from jupyter_sdt.runtime import init, load_checkpoint, log_metrics, save_checkpoint, shutdown

context = init()
model = torch.nn.Linear(1, 1)
state = load_checkpoint({"model": model}) or {"step": 0}
print("begins after step", state["step"], flush=True)
for step in range(state["step"] + 1, 6):
    torch.distributed.barrier()
    log_metrics(step, loss=1 / step)
    save_checkpoint({"model": model, "step": step})
    torch.distributed.barrier()
    if step == 3 and context.rank == 1 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        os.kill(os.getpid(), signal.SIGKILL)
shutdown()
"""


WARM = "all ranks were started anew: restart 1 of 2"


def goes_on(directory) -> None:
    log = directory.log(0).read_text()
    state = directory.read_state()
    assert state.status == "Completed", (state, log)
    assert "begins after step 0" in log
    assert "begins after step 3" in log
    assert WARM in log
    records = [json.loads(line) for line in directory.metric(0).read_text().splitlines()]
    assert [r["values"]["restarts"] for r in records if "restarts" in r["values"]] == [1]
    assert [r["step"] for r in records if "loss" in r["values"]] == [1, 2, 3, 4, 5]
    assert restart_steps(TrainingJob(directory).series()) == [4]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_torchrun_restarts_the_ranks_of_its_node(jobs: Jobs):
    directory = jobs.start(LOSES_A_RANK, distribution=ranks(2, "torchrun"), max_restarts=2)
    jobs.wait(directory, 280)  # torch is imported five times
    goes_on(directory)


@pytest.mark.parametrize(
    "distribution", [ranks(1), pytest.param(ranks(1, "torchrun"), marks=pytest.mark.slow)]
)
@pytest.mark.timeout(300)
def test_all_nodes_go_on_together_from_the_last_checkpoint(jobs: Jobs, distribution):
    fields = {"distribution": distribution, "instance_count": 2, "max_restarts": 2}
    directory = jobs.start(LOSES_A_RANK, **fields)
    state = jobs.wait(directory, 280)
    goes_on(directory)
    assert WARM in directory.log(1).read_text()
    told = [note for note in state.notes if note.startswith("restart 1 of 2: ")]
    assert len(told) == 1, state.notes
    assert "rank 1" in told[0]
    assert not list(directory.errors.iterdir())


FAILS_ALWAYS = """
import os, torch.distributed as dist
dist.init_process_group("gloo")
print("attempt", os.environ["TORCHELASTIC_RESTART_COUNT"], flush=True)
if dist.get_rank() == 1:
    raise ValueError("attempt " + os.environ["TORCHELASTIC_RESTART_COUNT"])
dist.barrier()
"""


def test_a_job_that_always_fails_ends_when_its_restarts_are_used_up(jobs: Jobs):
    directory = jobs.run(FAILS_ALWAYS, distribution=ranks(2), max_restarts=2)
    state = directory.read_state()
    assert state.status == "Failed"
    assert "rank 1 failed: ValueError: attempt 2" in state.failure_reason
    log = directory.log(0).read_text()
    assert [f"attempt {n}" in log for n in range(4)] == [True, True, True, False]
    told = [note for note in state.notes if note.startswith("restart ")]
    assert [note.partition(":")[0] for note in told] == ["restart 1 of 2", "restart 2 of 2"]


STAYS = """
import torch.distributed as dist, time
dist.init_process_group("gloo")
print("ready", flush=True)
time.sleep(100)
"""


def test_a_job_that_is_stopped_is_not_restarted(jobs: Jobs):
    directory = jobs.start(STAYS, distribution=ranks(2), max_restarts=3, stop_seconds=1.0)
    until(lambda: all("ready" in read(directory.log(rank)) for rank in (0, 1)))
    directory.stop_file.touch()
    state = jobs.wait(directory, 60)
    assert state.status == "Stopped"
    assert not any(note.startswith("restart ") for note in state.notes)


def test_a_plan_says_how_often_ranks_may_start_anew(jobs: Jobs, tmp_path):
    spec = jobs.spec(distribution=ranks(2), instance_count=2, max_restarts=3)
    plan = local.plan(spec, JobDirectory(tmp_path / "never-made"), warm=True)
    assert plan.launcher == "nursery"
    assert {p.environment["TORCHELASTIC_MAX_RESTARTS"] for p in plan.processes} == {"3"}
    assert "if a rank is lost, all start anew: at most 3 times" in plan.notes


def read(path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_negative_number_of_restarts_is_refused():
    with pytest.raises(SpecError, match="max_restarts"):
        Estimator("train.py", max_restarts=-1)
