"""Parameters of which tensor-parallel ranks hold slices: states, norms, checkpoints."""

import pytest
import torch

from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark, mark_alike, slice_of


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("blocks", [1, 3])
def test_the_parts_make_up_the_whole(axis, blocks):
    whole = torch.arange(12 * 12.0).view(12, 12)
    part = TensorSlice(axis=axis, blocks=blocks)
    parts = [part.of(whole, rank, 2) for rank in range(2)]
    assert {tuple(p.shape) for p in parts} == {(6, 12) if axis == 0 else (12, 6)}
    assert torch.equal(part.whole(parts), whole)
    # Of query, key and value each rank has its own heads.
    assert parts[1].select(axis, 0).equal(whole.select(axis, 6 // blocks))


def test_a_mark_belongs_to_one_tensor_and_its_copies_by_hand():
    tensor, plain = mark(torch.ones(2), TensorSlice(axis=0)), torch.ones(2)
    assert slice_of(tensor) == TensorSlice(axis=0)
    assert slice_of(plain) is None
    assert slice_of(mark_alike(plain.clone(), plain)) is None
    assert slice_of(mark_alike(plain.clone(), tensor)) == TensorSlice(axis=0)


BODY = """
from torch import nn
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
from jupyter_sdt.runtime.modelparallel.fused import FusedLAMB
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.script_state import ScriptState, state
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark
tensor = here.group("tp")

def plain():
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6)).double()

def gradients(model, step):
    generator = torch.Generator().manual_seed(step)
    return [torch.randn(p.shape, generator=generator).double() for p in model.parameters()]

SLICED = {0: TensorSlice(axis=0, blocks=3), 1: TensorSlice(axis=0, blocks=3)}
def own(number, whole):
    part = SLICED.get(number)
    return whole.clone() if part is None else part.of(whole, tensor.rank, tensor.size)

def sliced():
    model = plain()
    for number, name in enumerate(["weight", "bias"]):
        part = nn.Parameter(own(number, getattr(model[0], name).detach()))
        setattr(model[0], name, mark(part, SLICED[number]))
    state.__init__()
    return DistributedModel(model)

def train(make, steps, scale=1.0):
    reference, model = plain(), sliced()
    right, optimizer = make(reference.parameters()), DistributedOptimizer(make(model.parameters()))
    for step in range(steps):
        for number, gradient in enumerate(gradients(reference, step)):
            list(reference.parameters())[number].grad = gradient
            list(model.parameters())[number].grad = own(number, gradient)
        norm = nn.utils.clip_grad_norm_(reference.parameters(), 1.0)
        torch.testing.assert_close(optimizer.clip_master_grads(1.0), norm.item(), rtol=1e-9, atol=0)
        right.step()
        optimizer.step()
    return reference, model, right, optimizer
"""


def test_whole_states_of_sliced_parameters_are_those_of_one_process(mp_ranks, tmp_path):
    mp_ranks(
        BODY
        + f"path = {str(tmp_path)!r}"
        + """
for make in (lambda p: torch.optim.Adam(p, 0.1), lambda p: FusedLAMB(p, 0.1)):
    reference, model, right, optimizer = train(make, 3)
    whole = model.state_dict()
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(whole[name], value, rtol=1e-5, atol=1e-9)
    found = optimizer.state_dict()["state"]
    for number, values in right.state_dict()["state"].items():
        for name, value in values.items():
            torch.testing.assert_close(found[number][name], value, rtol=1e-5, atol=1e-9)
    again = sliced()
    again.load_state_dict(reference.state_dict())
    fresh = DistributedOptimizer(make(again.parameters()))
    fresh.load_state_dict(right.state_dict())
    for mine, theirs in zip(again.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-9)
        fresh.update_master_grads()
        kept, expected = fresh.optimizer.state[mine], optimizer.state[theirs]
        torch.testing.assert_close(kept["exp_avg"], expected["exp_avg"], rtol=1e-5, atol=1e-9)
save_checkpoint(path, "p", model=model, optimizer=optimizer)
save_checkpoint(path, "f", partial=False, model=model)
for partial in (True, False):
    other = sliced()
    DistributedOptimizer(make(other.parameters()))
    resume_from_checkpoint(path, partial=partial)
    for mine, theirs in zip(other.parameters(), model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
dist.barrier()
assert sorted(os.listdir(path + "/p_partial"))[:2] == ["model_0_0.pt", "model_0_1.pt"]
""",
        2,
        {"tensor_parallel_degree": 2, "ddp": True},
    )
