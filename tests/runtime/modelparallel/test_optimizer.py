"""The distributed optimizer where the model is whole: an optimizer of torch, fp16, clipping."""

PREPARE = """
from torch import nn
from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
torch.manual_seed(0)
weights = [torch.randn(4, 3).to(dtype).requires_grad_() for _ in range(2)]
def gradients(value):
    for weight in weights:
        weight.grad = torch.full_like(weight, value)
"""
FP16 = PREPARE.replace("(dtype)", "(torch.float16)")
FP32 = PREPARE.replace("(dtype)", "(torch.float32)")


def test_it_is_an_optimizer_for_schedulers_and_keeps_the_wrapped_one(mp_ranks):
    mp_ranks(
        FP32
        + """
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau, StepLR
inner = torch.optim.Adam(weights, 0.5)
optimizer = DistributedOptimizer(inner)
assert isinstance(optimizer, torch.optim.Optimizer) and optimizer.optimizer is inner
scheduler = StepLR(optimizer, 1, gamma=0.5)
plateau = ReduceLROnPlateau(optimizer)
before = weights[0].detach().clone()
gradients(1.0)
optimizer.step()
scheduler.step()
torch.testing.assert_close(weights[0].detach(), before - 0.5)
assert inner.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"] == 0.25
OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
LambdaLR(optimizer.optimizer, lambda step: 0.5)
optimizer.zero_grad()
assert weights[0].grad is None
optimizer.add_param_group({"params": [torch.ones(2, requires_grad=True)], "lr": 7.0})
assert inner.param_groups[1]["lr"] == 7.0 and len(optimizer.fp16_groups) == 2
refused(lambda: DistributedOptimizer(optimizer), SpecError, "not wrapped yet")
refused(lambda: DistributedOptimizer([]), SpecError, "must be a torch.optim.Optimizer")
assert "Adam" in repr(optimizer) and optimizer.loss_scale == 1.0
""",
        1,
    )


def test_a_closure_may_be_called_many_times(mp_ranks):
    mp_ranks(
        FP32
        + """
optimizer = DistributedOptimizer(torch.optim.LBFGS(weights[:1], line_search_fn="strong_wolfe"))
def closure():
    optimizer.zero_grad()
    loss = ((weights[0] - 3) ** 2).sum()
    loss.backward()
    return loss
first = optimizer.step(closure)
assert first > 1 and closure() < 1e-6
""",
        1,
    )


def test_a_state_is_torchs_own_in_one_process(mp_ranks):
    mp_ranks(
        FP32
        + """
inner = torch.optim.Adam(weights, 0.5)
optimizer = DistributedOptimizer(inner)
gradients(1.0)
optimizer.step()
plain, whole, part = inner.state_dict(), optimizer.state_dict(), optimizer.local_state_dict()
assert whole["_smp_is_partial"] is False and part["_smp_is_partial"] is True
for number, values in plain["state"].items():
    torch.testing.assert_close(whole["state"][number], values, rtol=0, atol=0)
for state in (plain, whole, part):
    fresh = DistributedOptimizer(torch.optim.Adam(weights, 9.0))
    fresh.load_state_dict(state)
    assert fresh.param_groups[0]["lr"] == 0.5
    fresh.update_master_grads()
    assert fresh.optimizer.state[weights[1]]["exp_avg"].mean().item() > 0
one = DistributedOptimizer(torch.optim.Adam(weights[:1]))
refused(lambda: one.load_state_dict(plain), SpecError, "groups of [2] parameters", "has [1]")
""",
        1,
    )


def test_half_gradients_are_unscaled_clipped_and_overflow_leaves_a_step_out(mp_ranks):
    mp_ranks(
        FP16
        + """
args = {"init_scale": 1024.0, "scale_window": 2}
inner = torch.optim.SGD(weights, 1.0)
optimizer = DistributedOptimizer(inner, dynamic_loss_scale=True, dynamic_loss_args=args)
before = [w.detach().clone() for w in weights]
gradients(0.001 * optimizer.loss_scale)
optimizer.update_master_grads()
assert inner.param_groups[0]["params"][0].dtype == torch.float32
assert abs(optimizer.clip_master_grads(0.001) - 0.001 * 24**0.5) < 1e-5
optimizer.step()
# The change is too small for fp16, yet the fp32 copies keep it.
master = inner.param_groups[0]["params"][0]
torch.testing.assert_close(master.detach(), before[0].float() - 0.001 / 24**0.5, rtol=0, atol=1e-7)
assert not optimizer.overflow and optimizer.loss_scale == 1024.0
kept = master.detach().clone()
gradients(float("inf"))
optimizer.update_master_grads()
assert optimizer.overflow and optimizer.clip_master_grads(1.0) == -1.0
optimizer.step()
assert optimizer.loss_scale == 512.0 and torch.equal(master.detach(), kept)
optimizer.zero_grad(set_grads_to_None=True)
assert weights[0].grad is None
state = optimizer.state_dict()
again = DistributedOptimizer(torch.optim.SGD(weights, 1.0), dynamic_loss_scale=True)
again.load_state_dict(state)
again.update_master_grads()
assert again.loss_scale == 512.0
assert torch.equal(again.optimizer.param_groups[0]["params"][0].detach(), kept)
refused(lambda: DistributedOptimizer(inner, dynamic_loss_scale=True,
        dynamic_loss_args={"scale_windows": 1}), SpecError, "did you mean 'scale_window'")
""",
        1,
        {"fp16": True},
    )


def test_a_scaler_agrees_over_all_ranks_of_the_model(mp_ranks):
    mp_ranks(
        FP32
        + """
from jupyter_sdt.runtime.modelparallel.grad_scaler import GradScaler
scaler = GradScaler(init_scale=8.0)
optimizer = DistributedOptimizer(torch.optim.SGD(weights if rank == 0 else weights[:1], 1.0))
before = weights[0].detach().clone()
# Rank 0 alone computes a loss; rank 1 alone meets an overflow.
for value in (float("inf"), 8.0):
    loss = scaler.scale(torch.tensor(1.0)) if rank == 0 else None
    gradients(value if rank == 1 else 8.0)
    scaler.step(optimizer)
    scaler.update()
    if value != 8.0:
        assert torch.equal(weights[0].detach(), before) and scaler.get_scale() == 4.0
torch.testing.assert_close(weights[0].detach(), before - 2.0)
empty = DistributedOptimizer(torch.optim.SGD([{"params": [weights[1]]}], 1.0))
scaler.load_state_dict(scaler.state_dict())
""",
        2,
        {"partitions": 2},
    )


def test_before_init_everything_says_so(job):
    job.run("""
import torch
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
DistributedOptimizer(torch.optim.SGD([torch.ones(1, requires_grad=True)], 1.0))
""")
    assert job.codes == [1]
    assert "smp.init() was not called" in job.log()
