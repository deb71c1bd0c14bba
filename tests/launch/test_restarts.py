"""A lost rank costs a restart, not the job: training goes on from the last checkpoint."""

from __future__ import annotations

import pytest
from support import Jobs, ranks

from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.estimator.estimator import Estimator
from jupyter_sdt.launch import local

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


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_training_goes_on_from_the_last_checkpoint(jobs: Jobs):
    directory = jobs.start(LOSES_A_RANK, distribution=ranks(2), max_restarts=2)
    jobs.wait(directory, 280)  # torch is imported five times
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    assert "begins after step 0" in log
    assert "begins after step 3" in log
    assert "all ranks were started anew: restart 1 of 2" in log
    assert '"restarts":1' in directory.metric(0).read_text()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"distribution": ranks(2, "python")}, "launcher='torchrun' (given: python)"),
        ({"distribution": ranks(2), "instance_count": 2}, "instance_count=1 (given: 2)"),
    ],
)
def test_what_cannot_be_restarted_is_refused_before_it_starts(jobs: Jobs, fields, words):
    spec = jobs.spec(max_restarts=1, **fields)
    with pytest.raises(DistributionError) as told:
        local.choose_launcher(spec, warm=True)
    assert words in str(told.value)


def test_a_negative_number_of_restarts_is_refused():
    with pytest.raises(SpecError, match="max_restarts"):
        Estimator("train.py", max_restarts=-1)
