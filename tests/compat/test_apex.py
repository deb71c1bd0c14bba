"""apex's names compute what plain torch computes."""

import pytest

HEAD = """
import torch
from torch import nn
torch.manual_seed(0)
x, y = torch.randn(32, 4), torch.randn(32, 1)

def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))

def train(model, optimizer, backward, steps=15):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x).float(), y)
        backward(loss, optimizer)
        optimizer.step()
    return loss.item()

plain_model = network()
plain = train(plain_model, torch.optim.SGD(plain_model.parameters(), lr=0.1, momentum=0.9),
              lambda loss, _: loss.backward())
"""


@pytest.fixture
def apex(job):
    def run(body):
        job.run(HEAD + body, environment={"SDT_VIRTUAL_CUDA": "1"})
        assert job.codes == [0], job.log()
        return job.log()

    return run


@pytest.mark.parametrize("level", ["O0", "O1", "O2", "O3"])
def test_each_level_of_amp_trains_as_float32_does(apex, level):
    apex(f"""
from apex import amp
from apex.optimizers import FusedSGD
model = network()
optimizer = FusedSGD(model.parameters(), lr=0.1, momentum=0.9)
scale = 128.0 if "{level}" == "O3" else None
model, optimizer = amp.initialize(model, optimizer, opt_level="{level}", loss_scale=scale)

def backward(loss, optimizer):
    with amp.scale_loss(loss, optimizer) as scaled_loss:
        scaled_loss.backward()

loss = train(model, optimizer, backward)
assert abs(loss - plain) < (1e-6 if "{level}" == "O0" else 0.05), (loss, plain)
dtypes = [parameter.dtype for parameter in model.parameters()]
half = {{"O0": 0, "O1": 0, "O2": 4, "O3": 6}}["{level}"]
assert dtypes.count(torch.float16) == half, dtypes
assert "{level}" == "O3" or all(p.dtype == torch.float32 for p in amp.master_params(optimizer))
saved = amp.state_dict()
amp.load_state_dict(saved)
assert saved == amp.state_dict() and "loss_scaler0" in saved
""")


def test_a_step_with_an_overflow_is_skipped_and_the_scale_halved(apex):
    log = apex("""
from apex import amp
from apex.amp import _amp_state
model = network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = amp.initialize(model, optimizer, opt_level="O1", verbosity=1)
before = model[0].weight.clone()
with amp.scale_loss(model(x).sum(), optimizer) as scaled_loss:
    (scaled_loss * float("inf")).backward()
optimizer.step()
assert torch.equal(model[0].weight, before)
assert _amp_state.loss_scalers[0].loss_scale() == 2.0**15
optimizer.zero_grad()
with amp.scale_loss(model(x).mean(), optimizer) as scaled_loss:
    scaled_loss.backward()
optimizer.step()
assert not torch.equal(model[0].weight, before)
""")
    assert "Gradient overflow.  Skipping step, reducing loss scale to 32768.0" in log


def test_operations_on_lists_of_tensors(apex):
    apex("""
import amp_C, apex_C
from apex.multi_tensor_apply import multi_tensor_applier
flag = torch.cuda.IntTensor([0])
source = [torch.tensor([1.0, 2.0]), torch.tensor([2.0])]
target = [torch.zeros(2, dtype=torch.float16), torch.zeros(1)]
multi_tensor_applier(amp_C.multi_tensor_scale, flag, [source, target], 0.5)
assert [t.tolist() for t in target] == [[0.5, 1.0], [1.0]] and flag.item() == 0
norm, each = multi_tensor_applier(amp_C.multi_tensor_l2norm, flag, [source], True)
assert norm.item() == 3.0 and each[1].item() == 2.0
out = [torch.zeros(2), torch.zeros(1)]
multi_tensor_applier(amp_C.multi_tensor_axpby, flag, [source, source, out], 2.0, 1.0, 0)
assert out[0].tolist() == [3.0, 6.0]
source[1].fill_(float("nan"))
multi_tensor_applier(amp_C.multi_tensor_scale, flag, [source, target], 1.0)
assert flag.item() == 1
flat = apex_C.flatten(out)
assert [t.shape for t in apex_C.unflatten(flat, out)] == [(2,), (1,)] and flat.numel() == 3
""")


def test_norms_are_torchs(apex):
    apex("""
from apex.normalization import FusedLayerNorm, FusedRMSNorm
from apex.normalization.fused_layer_norm import fused_layer_norm_affine
ours, theirs = FusedLayerNorm(4), nn.LayerNorm(4)
assert torch.equal(ours(x), theirs(x))
assert torch.equal(FusedRMSNorm(4)(x), nn.RMSNorm(4)(x))
assert torch.equal(fused_layer_norm_affine(x, ours.weight, ours.bias, 4, 1e-5), theirs(x))
""")


def test_what_is_not_provided_is_refused_by_name(apex):
    apex("""
from apex import amp
for wrong in (lambda: amp.initialize(network(), opt_level="O9"),
              lambda: amp.scale_loss(torch.ones(1), None).__enter__()):
    try:
        wrong()
    except RuntimeError as error:
        assert "O9" in str(error) or "initialize" in str(error)
    else:
        raise AssertionError
""")
