"""Unmodified scripts, as people write them."""

import pytest

PLAIN = """
from torch.utils.data import DataLoader, TensorDataset
optimizer = torch.optim.SGD(model.parameters(), lr=0.125)
loader = DataLoader(TensorDataset(torch.ones(40, 8), torch.ones(40, 1)), batch_size=10)
held_out = DataLoader(TensorDataset(torch.ones(100, 8)), batch_size=50)
for epoch in range(3):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    for (x,) in held_out:
        model(x)
print("final", loss.item())
"""


@pytest.mark.parametrize("start", ["warm", pytest.param("cold", marks=pytest.mark.slow)])
def test_loss_rate_and_throughput_of_a_plain_script_are_recorded(
    job, records_of, model_script, start
):
    if start == "warm":
        records = records_of(PLAIN, "--epochs", "3")
    else:
        job.write("entry_point.py", model_script + PLAIN)
        job.run_cold("entry_point.py", "--epochs=3")
        records = job.metrics(source="autolog")
    first, last = records[0], records[-1]
    assert (first.step, first.values["total_steps"], first.values["epoch"]) == (1, 12, 1)
    assert first.values["learning_rate"] == 0.125
    assert (last.step, last.values["epoch"]) == (12, 3)
    assert last.values["loss"] == float(job.log().split("final")[1])
    rows = last.values["samples_per_second"] * last.values["step_seconds"]
    assert round(rows, 6) == 10


def test_a_new_loader_over_the_same_data_is_the_next_epoch(records_of):
    body = PLAIN.replace("loader = DataLoader(", "given = dict(dataset=")
    last = records_of(body.replace("in loader", "in DataLoader(**given)"))[-1]
    assert (last.step, last.values["epoch"]) == (12, 3)


def test_the_variable_switches_it_off(job, records_of):
    assert records_of(PLAIN, environment={"SDT_AUTOLOG": "0"}) == []


def test_a_script_without_optimizer_or_without_torch_records_nothing(job, records_of):
    assert records_of("F.mse_loss(model(x), y).backward()") == []
    job.write("entry_point.py", "import sys; print('torch' in sys.modules)")
    assert job.run_cold("entry_point.py").codes == [0]
    assert job.log() == "False\n"


def test_gradient_accumulation_counts_every_sample_of_a_step(job, records_of):
    body = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(5):
    for part in range(4):
        (F.mse_loss(model(x), y) / 4).backward()
    optimizer.step(); optimizer.zero_grad()
"""
    records = records_of(body, "--epochs", "3")
    last = records[-1].values
    assert records[-1].step == 5
    assert round(last["samples_per_second"] * last["step_seconds"], 6) == 40
    assert "total_steps" not in records[0].values


def test_ranks_that_train_alone_are_told_once_and_ranks_in_a_group_are_not(job, records_of):
    body = """
import sys
if "group" in sys.argv:
    from jupyter_sdt.runtime import DistributedModel, init
    init(); model = DistributedModel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    model(x).mean().backward(); optimizer.step()
"""
    records_of(body, ranks=2)
    assert job.log(1).count("rank 1 of 2 trains a model of its own") == 1
    for rank in (0, 1):
        (job.path / "logs" / f"rank-{rank}.log").unlink()
    records_of(body, "group", ranks=2)
    assert job.log(0) == job.log(1) == ""
    records_of(body, ranks=1)
    assert job.log(0) == ""


def test_the_last_step_before_an_exception_is_recorded(job, model_script):
    job.run(
        model_script
        + """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(7):
    model(x).mean().backward(); optimizer.step()
raise ValueError
"""
    )
    assert job.codes == [1]
    assert job.metrics(source="autolog")[-1].step == 7


def test_a_fault_of_autolog_itself_does_not_end_the_training(job, records_of):
    body = """
class Odd(torch.optim.Optimizer):
    def __init__(self, params):
        super().__init__(params, {"lr": "fast"})
    def step(self):
        pass
optimizer = Odd(model.parameters())
model(x).mean().backward(); optimizer.step()
print("done")
"""
    assert records_of(body) == []
    assert "autolog stopped: ValueError: could not convert string to float: 'fast'" in job.log()
    assert job.log().endswith("done\n")


def test_records_are_at_most_twenty_a_second(job, records_of):
    body = """
import time
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
begun = time.perf_counter()
for _ in range(2000):
    model(x).mean().backward(); optimizer.step()
print(time.perf_counter() - begun)
"""
    records = records_of(body)
    assert 2 <= len(records) <= float(job.log()) * 20 + 2
    assert records[-1].step == 2000
