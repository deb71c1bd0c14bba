"""Tensors and modules on virtual devices: moved, made, typed, saved, loaded, compiled."""

import pytest
import torch

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a real GPU is never touched")


def test_tensors_move_by_every_spelling_of_a_device(virtual):
    virtual("""
x = torch.arange(4.0)
device = torch.device("cuda", 1)
for moved in (x.cuda(), x.cuda(1), x.cuda(device, non_blocking=True), x.to("cuda:1"), x.to(1),
              x.to(device), x.to(device=device), x.to(device, torch.float32), x.cuda(x.device),
              x.to("cuda", copy=True)):
    assert moved.is_cuda and torch.equal(moved, x) and moved.data_ptr() != x.data_ptr()
torch.cuda.set_device(1)
assert x.cuda().get_device() == 1 and x.cuda().device.type == "cpu"
assert x.to(x.device) is x and x.to(torch.float32) is x and x.to(x) is x
assert x.to("cuda", torch.float16).dtype is torch.float16
""")


def test_a_move_copies_as_between_real_devices(virtual):
    virtual("""
x = torch.ones(3)
x.cuda().add_(1)
x.to("cuda").mul_(5)
torch.as_tensor(x.numpy(), device="cuda").zero_()
assert x.tolist() == [1, 1, 1]
model = nn.Linear(2, 2).cuda()
kept = {name: value.cpu() for name, value in model.state_dict().items()}
with torch.no_grad():
    model.weight.zero_()
assert kept["weight"].abs().sum() > 0
leaf = torch.ones(2, requires_grad=True)
leaf.cuda().sum().backward()
assert leaf.grad.tolist() == [1, 1]
""")


def test_modules_stay_themselves_when_they_move(virtual):
    virtual("""
model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
weight = model[0].weight
for moved in (model.cuda(), model.cuda(1), model.to(0), model.to("cuda"), model.to(device="cuda:1"),
              model.to(torch.device("cuda"), torch.float64)):
    assert moved is model and model[0].weight is weight
assert model.double()(torch.randn(4, 3, device="cuda", dtype=torch.float64)).shape == (4, 3)
nn.LSTM(3, 3, device="cuda").cuda()(torch.randn(2, 1, 3).cuda())
assert nn.Linear(2, 2, device="meta").to_empty(device="cuda").weight.is_cuda
""")


def test_factories_take_virtual_devices(virtual):
    virtual("""
for name in "zeros ones empty rand randn".split():
    assert getattr(torch, name)(2, device="cuda", pin_memory=True).is_cuda
    assert getattr(torch, name + "_like")(torch.ones(2), device=torch.device("cuda:1")).is_cuda
torch.arange(3, device=1), torch.full((2,), 1.0, device="cuda"), torch.tensor([1], device="cuda")
torch.randperm(3, device="cuda"), torch.randint(3, (2,), device="cuda"), torch.eye(2, device="cuda")
torch.ones(2).new_zeros(3, device="cuda"), torch.ones(2).new_tensor([1], device="cuda")
with torch.device("cuda:1"):
    assert torch.zeros(2).is_cuda
with torch.device("meta"):
    assert torch.zeros(2).device.type == "meta"
torch.set_default_device("cuda")
assert torch.zeros(2).device.type == "cpu"
torch.set_default_device(None)
assert torch.ones(2).pin_memory().tolist() == [1, 1]
""")


def test_tensor_types_make_tensors_and_recognise_them(virtual):
    virtual(
        """
x = torch.cuda.FloatTensor([1, 2])
assert isinstance(x, torch.cuda.FloatTensor) and not isinstance(x, torch.cuda.HalfTensor)
assert x.type() == "torch.cuda.FloatTensor" and x.half().type() == "torch.cuda.HalfTensor"
assert x.type(torch.cuda.LongTensor).dtype is torch.int64
assert x.type("torch.cuda.IntTensor").dtype is torch.int32 and x.type(torch.float64).is_cuda
assert torch.cuda.IntTensor(2, 3).shape == (2, 3) and torch.cuda.ByteTensor([1])[0] == 1
torch.set_default_tensor_type(torch.cuda.DoubleTensor)
assert torch.zeros(1).dtype is torch.float64
""",
        environment={"PYTHONWARNINGS": "ignore"},
    )


def test_mixed_precision_computes_in_the_dtype_of_a_gpu(virtual):
    virtual("""
model, x = nn.Linear(8, 8).cuda(), torch.randn(4, 8, device="cuda")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cuda")
assert not torch.is_autocast_enabled() and torch.get_autocast_dtype("cuda") is torch.float16
with torch.autocast("cuda"):
    assert torch.is_autocast_enabled() and model(x).dtype is torch.float16
    with torch.autocast("cuda", enabled=False):
        assert model(x).dtype is torch.float32
    loss = model(x).float().pow(2).mean()
with torch.autocast(device_type="cuda", dtype=torch.bfloat16):
    assert model(x).dtype is torch.bfloat16
before = model.weight.clone()
scaler.scale(loss).backward()
scaler.unscale_(optimizer)
norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
scaler.step(optimizer)
scaler.update()
assert 0 < norm < 100 and not torch.equal(before, model.weight)
model.weight.grad.fill_(float("inf"))
skipped = model.weight.clone()
scaler.scale(model(x).sum())
scaler.step(optimizer), scaler.update()
assert torch.equal(skipped, model.weight) and scaler.get_scale() == 2.0**15

class Double(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)
    def forward(ctx, value):
        assert value.dtype is torch.float32 and not torch.is_autocast_enabled()
        return value * 2

with torch.autocast("cuda"):
    Double.apply(model(x))
""")


def test_the_older_names_of_mixed_precision_work_too(virtual):
    virtual("""
import warnings
warnings.simplefilter("ignore")
model = nn.Linear(2, 2).cuda()
scaler = torch.cuda.amp.GradScaler()
with torch.cuda.amp.autocast(enabled=True):
    assert model(torch.ones(1, 2).cuda()).dtype is torch.float16

@torch.cuda.amp.autocast()
def forward(x):
    return model(x)

assert forward(torch.ones(1, 2)).dtype is torch.float16
assert scaler.is_enabled() and scaler.scale(torch.ones(1)).item() == 2.0**16
""")


def test_what_was_saved_is_loaded_wherever_it_is_wanted(virtual):
    virtual("""
import io, pickle, copy
model = nn.Linear(2, 2).cuda()

def load(place):
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "x": torch.ones(2).cuda()}, file)
    file.seek(0)
    return torch.load(file, map_location=place)

for place in (None, "cuda:1", "cpu", torch.device("cuda"), {"cuda:0": "cuda:1"},
              lambda storage, location: storage, lambda storage, location: storage.cuda(1)):
    assert torch.equal(load(place)["model"]["weight"], model.weight), place
copy.deepcopy(model)
x = pickle.loads(pickle.dumps(torch.ones(2, device="cuda")))
for function in (torch.zeros, torch.load, torch.cuda.set_device, torch.Tensor.cuda):
    assert pickle.loads(pickle.dumps(function)) is function
""")


def test_a_file_from_a_real_gpu_is_loaded(virtual):
    virtual("""
import io
real = torch.serialization.location_tag
torch.serialization.location_tag = lambda storage: "cuda:0"
file = io.BytesIO()
torch.save(torch.arange(3), file)
torch.serialization.location_tag = real
file.seek(0)
assert torch.load(file).tolist() == [0, 1, 2]
""")


def test_data_loaders_pin_in_their_workers_without_a_warning(virtual):
    virtual("""
import warnings
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(8.0))
with warnings.catch_warnings(record=True) as caught:
    loader = DataLoader(data, batch_size=4, pin_memory=True, num_workers=1)
    assert sum(x.cuda(non_blocking=True).sum().item() for (x,) in loader) == 28
assert not [w for w in caught if "pin_memory" in str(w.message)], caught
""")


def test_compilers_still_know_torchs_functions(virtual):
    virtual("""
model = nn.Linear(3, 3).cuda()
optimizer = torch.optim.Adadelta(model.parameters())  # imports dynamo

@torch.compile(backend="eager", fullgraph=True)
def forward(x):
    return model(x).relu() + torch.zeros(3, device="cuda") + torch.ones_like(x)

assert forward(torch.ones(3)).shape == (3,)
with torch.autocast("cuda"):
    assert forward(torch.ones(3).to("cuda")).shape == (3,) and torch.is_autocast_enabled()
moved = torch.compile(lambda x: x.to("cuda") * 2, backend="eager")
assert moved(torch.ones(2)).tolist() == [2, 2] and not torch.is_autocast_enabled()

@torch.jit.script
def summed(n: int):
    return torch.arange(n).sum() + torch.zeros(n).sum()

assert summed(4) == 6
from torch.utils.checkpoint import checkpoint
x = torch.randn(2, 3, requires_grad=True)
for reentrant in (True, False):
    checkpoint(nn.Sequential(model, nn.Dropout()), x, use_reentrant=reentrant).sum().backward()
""")


def test_switches_of_cudnn_are_accepted_and_data_parallel_wraps(virtual):
    virtual("""
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = True
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = False
inner = nn.Linear(3, 2)
model = nn.DataParallel(inner, device_ids=[0, 1]).cuda()
x = torch.randn(8, 3).cuda()
assert torch.equal(model(x), inner(x)) and model.module is inner
model(x).sum().backward()
from torch.nn.parallel import gather, scatter
parts = scatter({"x": x}, [0, 1])
assert [part["x"].shape for part in parts] == [(4, 3)] * 2
assert torch.equal(gather([part["x"] for part in parts], 0), x)
comm = torch.cuda.comm
assert comm.reduce_add(comm.broadcast(torch.ones(2), [0, 1])).tolist() == [2, 2]
parts = comm.scatter(torch.ones(3), out=[torch.zeros(1), torch.zeros(2)])
assert [part.tolist() for part in parts] == [[1], [1, 1]]
(one, two), _ = comm.broadcast_coalesced([torch.ones(1), torch.ones(2)], [0, 1])
assert comm.reduce_add_coalesced([[one, two]] * 2)[1].tolist() == [2, 2]
""")
