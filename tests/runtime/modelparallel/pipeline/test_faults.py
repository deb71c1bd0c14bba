"""What goes wrong on one stage is said on all of them, soon and by name."""

import pytest

NET = """
class Bad(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.calls = 0
    def forward(self, x):
        self.calls += 1
        BREAK
        return self.linear(x)
model = nn.Sequential(block(), Bad(), block())
engine = pipeline(model, {"1": 1})
inputs = torch.randn(8, 8), torch.randn(8, 8)
def loss_of(model, x, y):
    return F.mse_loss(model(x), y)
def step():
    return train_step(engine, model, loss_of, inputs, 4)
"""


def test_an_exception_comes_with_the_traceback_of_its_stage(run_stages):
    body = NET.replace("BREAK", "if self.calls == 6: raise KeyError('broken part')")
    body += """
step()
try:
    step()
except StageError as error:
    assert rank != 1 and error.stage == 1 and error.rank == 1
    assert "KeyError: 'broken part'" in str(error) and "in forward" in error.traceback
    print("told")
except KeyError:
    assert rank == 1
    print("raised")
step()
print("goes on")
"""
    job = run_stages(body, 3)
    assert job.codes == [0, 0, 0], job.log(0) + job.log(1) + job.log(2)
    assert ["raised" in job.log(rank) for rank in range(3)] == [False, True, False]
    assert all("goes on" in job.log(rank) for rank in range(3))


def test_an_exception_in_the_step_function_reaches_the_other_stages(agree):
    body = """
model = nn.Sequential(block(), block())
engine = pipeline(model, {"1": 1})
def step(number):
    model(torch.randn(2, 8))
    raise ZeroDivisionError("in the script")
try:
    engine.run_step(step, 2)
except StageError as error:
    assert rank == 1 and "ZeroDivisionError: in the script" in str(error)
except ZeroDivisionError:
    assert rank == 0
"""
    agree(body, 2)


def test_an_exception_in_backward_comes_with_the_traceback_of_its_stage(agree):
    body = """
class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, gradient):
        raise ArithmeticError("no way back")
class Net(nn.Module):
    def forward(self, x):
        return Wrong.apply(x)
model = nn.Sequential(block(), Net())
engine = pipeline(model, {"1": 1})
try:
    train_step(engine, model, lambda m, x: m(x).sum(), [torch.randn(4, 8)], 2)
except StageError as error:
    assert rank == 0 and "no way back" in str(error)
except ArithmeticError:
    assert rank == 1
"""
    agree(body, 2)


def test_a_stage_that_is_killed_ends_the_others(run_stages):
    body = NET.replace("BREAK", "if self.calls == 6: os.kill(os.getpid(), signal.SIGKILL)")
    job = run_stages(body + "step(); step()", 3)
    assert job.codes == [1, -9, 1]
    for rank in (0, 2):
        assert job.error(rank)["type"] == "StageError"
        assert "rank 1 is gone: stage 1" in job.error(rank)["message"]


def test_a_stage_that_does_not_come_ends_the_others_in_time(run_stages):
    body = """
model = nn.Sequential(block(), block())
engine = pipeline(model, {"1": 1}, seconds=0.5)
if rank == 0:
    train_step(engine, model, lambda m, x: m(x).sum(), [torch.randn(4, 8)], 2)
else:
    dist.recv(torch.zeros(1), src=0)
"""
    job = run_stages(body, 2)
    assert "no other stage of the pipeline has answered for 0.5 s" in job.error(0)["message"]


def test_modules_of_other_stages_cannot_be_called_outside_of_a_step(agree):
    body = """
from jupyter_sdt.errors import RuntimeStateError
model = nn.Sequential(block(), block())
engine = pipeline(model, {"1": 1})
try:
    model(torch.randn(4, 8))
    raise SystemExit("it ran")
except RuntimeStateError as error:
    assert rank == 0 and "1 was called outside of smp.step" in str(error), error
except RuntimeError:
    assert rank == 1
"""
    agree(body.replace("except RuntimeError:\n    assert rank == 1\n", ""), 1)


def test_arguments_that_cannot_travel_are_named(agree):
    body = """
from jupyter_sdt.errors import SpecError
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = block()
    def forward(self, x):
        return self.part(x, lambda: 3)
model = Net()
engine = pipeline(model, {"part": 1})
try:
    engine.run_step(lambda number: model(torch.randn(4, 8)), 1)
except SpecError as error:
    assert rank == 0 and "an argument of part cannot travel" in str(error), error
except StageError as error:
    assert rank == 1 and "an argument of part" in str(error)
"""
    agree(body, 2)


@pytest.mark.parametrize("first_steps", [0, 5])  # before and after they are replayed
def test_going_back_twice_through_a_module_is_said(run_stages, first_steps):
    body = f"""
model = nn.Sequential(block(), block())
engine = pipeline(model, {{"1": 1}})
x, y = torch.randn(2, 8), torch.randn(2, 8)
def back(loss):
    engine.backward([loss], [torch.ones(())])
def once(number):
    back(F.mse_loss(model(x), y))
def twice(number):
    out = model(x)
    back(F.mse_loss(out, y))
    back(F.l1_loss(out, y))
for _ in range({first_steps}):
    engine.run_step(once, 2)
engine.run_step(twice, 2)
"""
    job = run_stages(body, 2)
    assert all(job.codes)
    said = "backward went twice through a module of another stage; call model.backward() once"
    assert all(said in job.log(rank) for rank in range(2))
