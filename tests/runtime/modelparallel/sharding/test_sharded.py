"""sharded_data_parallel_degree: the same training, a part of the memory on each rank."""

import pytest


@pytest.mark.parametrize(("degree", "ranks"), [(2, 2), (4, 4), (2, 4)])
def test_a_sharded_model_trains_like_one_process(agree, degree, ranks):
    body = f"""
begin({degree})
plain = network()
model, optimizer = wrapped(plain)
set_activation_checkpointing(model.get_module()[1])
train(plain, model, optimizer)
found = model.state_dict()
assert list(found) == list(plain.state_dict())
torch.testing.assert_close(found, dict(plain.state_dict()), rtol=1e-9, atol=1e-12)
assert optimizer._global_grad_norm > 0.05
pieces = [p for p in model.parameters() if hasattr(p, "to_local")]
assert len(pieces) == 7, len(pieces)
held = sum(p.to_local().numel() for p in pieces)
assert held <= sum(-(-len(p) // {degree}) * p.numel() // len(p) for p in pieces)
moments = [s["exp_avg"].numel() for s in optimizer.optimizer.state.values()]
assert sum(moments) == held + sum(p.numel() for p in model.parameters() if p not in set(pieces))
"""
    agree(body, ranks)


def test_what_a_layer_returns_may_be_changed_in_place(agree):
    body = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 8))
    def forward(self, x):
        found = self.mlp(x.view(-1, 2, 8))  # of three axes a linear layer returns a view
        found += x.view(-1, 2, 8)
        return found.view(-1, 8)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks, self.last = nn.ModuleList(Block() for _ in range(2)), nn.Linear(8, 1)
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
            x *= 0.5
        x = self.last(x[None])[0]
        x *= 2.0
        return x

begin(2)
plain = Net()
model, optimizer = wrapped(plain)
train(plain, model, optimizer)
for name, value in model.state_dict().items():
    torch.testing.assert_close(value, plain.state_dict()[name])
"""
    job = agree(body, 2)
    assert "view" not in job.log(0)


def test_states_go_out_and_in_whole_and_in_parts(agree):
    body = """
begin(2)
plain = network()
model, optimizer = wrapped(plain)
before = model.state_dict()
part, moments = copy.deepcopy((model.local_state_dict(), optimizer.local_state_dict()))
train(plain, model, optimizer, 2)
part, moments = copy.deepcopy((model.local_state_dict(), optimizer.local_state_dict()))
after = model.state_dict()
model.load_state_dict(before)
torch.testing.assert_close(dict(model.state_dict()), dict(before), rtol=0, atol=0)
model.load_state_dict(part)
optimizer.load_state_dict(copy.deepcopy(moments))
torch.testing.assert_close(dict(model.state_dict()), dict(after), rtol=0, atol=0)
whole = copy.deepcopy(optimizer.state_dict())
for values, parameter in zip(whole["state"].values(), plain.parameters(), strict=True):
    assert values["exp_avg"].shape == parameter.shape
train(plain, model, optimizer, 1)
optimizer.load_state_dict(whole)
found = optimizer.local_state_dict()
torch.testing.assert_close(found["state"], moments["state"], rtol=0, atol=0)
"""
    agree(body, 2)


def test_an_optimizer_of_the_model_as_it_was_before_is_refused(agree):
    body = """
begin(2)
net = network()
early = torch.optim.Adam(net.parameters())
model = DistributedModel(net)
optimizer = DistributedOptimizer(early)
train_step(model, torch.randn(4, 8), torch.randn(4, 1))
try:
    optimizer.step()
except SpecError as error:
    assert "after smp.DistributedModel" in str(error)
else:
    raise AssertionError("it was accepted")
"""
    agree(body, 2)


def test_after_an_evaluation_parameters_are_pieces_again(agree):
    body = """
begin(2)
model, optimizer = wrapped(network())
before = dict(model.named_parameters())
with torch.no_grad():
    model(torch.randn(4, 8))
assert all(p is before[n] for n, p in model.named_parameters())
assert {id(p) for group in optimizer.fp16_groups for p in group} == set(map(id, before.values()))
"""
    agree(body, 2)


def test_bf16_trains_with_float32_copies_of_its_pieces_and_goes_on_from_them(agree, tmp_path):
    body = """
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
torch.set_default_dtype(torch.float32)
begin(2, bf16=True, sdp_gradient_clipping=1.0)
plain = network()
model, optimizer = wrapped(plain)
train(plain, model, optimizer)
assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
assert {p.dtype for g in optimizer.param_groups for p in g["params"]} == {torch.float32}
for name, value in model.state_dict().items():
    torch.testing.assert_close(value.float(), plain.state_dict()[name], rtol=0.05, atol=0.03)
save_checkpoint(path, "bf16")
copies = [p.detach().clone() for g in optimizer.param_groups for p in g["params"]]
whole = copy.deepcopy(optimizer.state_dict())
for kind in ("partial", "whole"):
    train(plain, model, optimizer, 1)
    if kind == "partial":
        resume_from_checkpoint(path, "bf16")
    else:
        optimizer.load_state_dict(whole)
    found = [p.detach() for g in optimizer.param_groups for p in g["params"]]
    assert all(map(torch.equal, copies, found))
"""
    agree(f"path = {str(tmp_path / 'checkpoints')!r}" + body, 2)
