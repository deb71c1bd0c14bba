"""Unmodified scripts, as people write them."""

import pytest

HEAD = """
import torch
from torch import nn
from torch.nn import functional as F
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
x, y = torch.randn(10, 8), torch.randn(10, 1)
"""
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


def records_of(job, body, *arguments, **options):
    job.run(HEAD + body, *arguments, **options)
    assert job.codes == [0] * len(job.codes), job.log()
    return job.metrics(source="autolog")


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_loss_rate_and_throughput_of_a_plain_script_are_recorded(job, start):
    if start == "warm":
        records = records_of(job, PLAIN, "--epochs", "3")
    else:
        job.write("entry_point.py", HEAD + PLAIN)
        job.run_cold("entry_point.py", "--epochs=3")
        records = job.metrics(source="autolog")
    first, last = records[0], records[-1]
    assert (first.step, first.values["total_steps"], first.values["epoch"]) == (1, 12, 1)
    assert first.values["learning_rate"] == 0.125
    assert (last.step, last.values["epoch"]) == (12, 3)
    assert last.values["loss"] == float(job.log().split("final")[1])
    rows = last.values["samples_per_second"] * last.values["step_seconds"]
    assert round(rows, 6) == 10


def test_the_variable_switches_it_off(job):
    assert records_of(job, PLAIN, environment={"SDT_AUTOLOG": "0"}) == []


def test_a_script_without_optimizer_or_without_torch_records_nothing(job):
    assert records_of(job, "F.mse_loss(model(x), y).backward()") == []
    job.write("entry_point.py", "import sys; print('torch' in sys.modules)")
    assert job.run_cold("entry_point.py").codes == [0]
    assert job.log() == "False\n"


def test_gradient_accumulation_counts_every_sample_of_a_step(job):
    body = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(5):
    for part in range(4):
        (F.mse_loss(model(x), y) / 4).backward()
    optimizer.step(); optimizer.zero_grad()
"""
    records = records_of(job, body, "--epochs", "3")
    last = records[-1].values
    assert records[-1].step == 5
    assert round(last["samples_per_second"] * last["step_seconds"], 6) == 40
    assert "total_steps" not in records[0].values


def test_of_several_optimizers_one_counts_and_its_successor_after_it(job):
    body = """
def train(steps):
    critic = nn.Linear(8, 1)
    first = torch.optim.Adam(critic.parameters(), lr=0.5)
    second = torch.optim.Adam(model.parameters(), lr=0.25)
    for _ in range(steps):
        critic(x).mean().backward(); first.step()
        model(x).mean().backward(); second.step()
train(4)
train(3)
"""
    records = records_of(job, body)
    assert records[-1].step == 7
    assert {r.values["learning_rate"] for r in records} == {0.5}


def test_an_optimizer_that_is_given_up_is_followed_by_the_other(job):
    body = """
warm_up = torch.optim.SGD(model.parameters(), lr=0.5)
model(x).mean().backward(); warm_up.step()
main = torch.optim.SGD(model.parameters(), lr=0.25)
for _ in range(60):
    model(x).mean().backward(); main.step()
"""
    last = records_of(job, body)[-1]
    assert last.values["learning_rate"] == 0.25
    assert last.step == 12


def test_the_loss_is_that_before_gradient_scaling(job):
    body = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
for _ in range(3):
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer); scaler.update()
print("final", loss.item())
"""
    records = records_of(job, body)
    assert records[-1].values["loss"] == float(job.log().split("final")[1])
    assert records[-1].step == 3


def test_closures_nested_inputs_and_losses_of_many_values_are_understood(job):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.inner = model
    def forward(self, *, batch):
        return self.inner(batch["x"][0])
net = Net()
optimizer = torch.optim.LBFGS(net.parameters(), max_iter=3)
def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(net(batch={"x": [x]}), y)
    loss.backward()
    return loss
for _ in range(3):
    optimizer.step(closure)
many = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(60):
    out = net(batch={"x": [x]})
    out.backward(torch.ones_like(out)); many.step()
"""
    records = records_of(job, body, "--max-steps", "63")
    assert records[0].values["total_steps"] == 63
    assert "loss" not in records[-1].values
    assert records[-1].values["samples_per_second"] > 0


def test_a_loss_that_is_not_a_number_is_a_gap(job):
    body = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
(model(x).sum() * float("nan")).backward(); optimizer.step()
"""
    assert records_of(job, body)[0].values["loss"] is None


def test_the_graph_of_a_loss_is_not_kept_alive(job):
    body = """
import gc, weakref
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    hidden = model(x)
    watched = weakref.ref(hidden)
    loss = hidden.mean(); loss.backward(); optimizer.step()
    del hidden, loss
    gc.collect()
    assert watched() is None
"""
    assert records_of(job, body)


def test_compiled_models_train_and_are_counted(job):
    body = """
compiled = torch.compile(model, backend="eager")
optimizer = torch.optim.SGD(compiled.parameters(), lr=0.1)
step = torch.compile(optimizer.step, backend="eager")
for number in range(4):
    compiled(x).mean().backward()
    (step if number == 3 else optimizer.step)()
"""
    records = records_of(job, body)
    assert records[0].step == 1
    assert records[-1].step in {3, 4}


def test_a_model_that_replaces_the_first_is_found(job):
    body = """
for fold in range(2):
    net = nn.Linear(8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(200):
        net(x).mean().backward(); optimizer.step()
        if fold: torch.randn(200, 200).mm(torch.randn(200, 200))
    del net, optimizer
"""
    last = records_of(job, body)[-1]
    assert last.step == 400
    assert round(last.values["samples_per_second"] * last.values["step_seconds"], 3) == 10


def test_ranks_that_train_alone_are_told_once_and_ranks_in_a_group_are_not(job):
    body = """
import sys
if "group" in sys.argv:
    from jupyter_sdt.runtime import DistributedModel, init
    init(); model = DistributedModel(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    model(x).mean().backward(); optimizer.step()
"""
    records_of(job, body, ranks=2)
    assert job.log(1).count("rank 1 of 2 trains a model of its own") == 1
    for rank in (0, 1):
        (job.path / "logs" / f"rank-{rank}.log").unlink()
    records_of(job, body, "group", ranks=2)
    assert job.log(0) == job.log(1) == ""
    records_of(job, body, ranks=1)
    assert job.log(0) == ""


def test_the_last_step_before_an_exception_is_recorded(job):
    job.run(
        HEAD
        + """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(7):
    model(x).mean().backward(); optimizer.step()
raise ValueError
"""
    )
    assert job.codes == [1]
    assert job.metrics(source="autolog")[-1].step == 7


def test_a_fault_of_autolog_itself_does_not_end_the_training(job):
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
    assert records_of(job, body) == []
    assert "autolog stopped: ValueError: could not convert string to float: 'fast'" in job.log()
    assert job.log().endswith("done\n")


def test_records_are_at_most_twenty_a_second(job):
    body = """
import time
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
begun = time.perf_counter()
for _ in range(2000):
    model(x).mean().backward(); optimizer.step()
print(time.perf_counter() - begun)
"""
    records = records_of(job, body)
    assert 2 <= len(records) <= float(job.log()) * 20 + 2
    assert records[-1].step == 2000
