"""DDP over smddp trains what one process trains on the whole batch."""

import pytest

TRAIN = """
def model():
    torch.manual_seed(0)
    layers = [nn.Linear(32, 300), nn.ReLU(), nn.BatchNorm1d(300, momentum=None), nn.Linear(300, 4)]
    return nn.Sequential(*layers)

class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.used, self.unused = nn.Linear(32, 4), nn.Linear(32, 4)
    def forward(self, x):
        return self.used(x)

def images():
    torch.manual_seed(0)
    layers = [nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(nn.Unflatten(1, (2, 4, 4)), *layers, nn.Linear(128, 4)).eval()

class Words(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.last = nn.Linear(8, 4)
    def forward(self, x):
        return self.last(self.layers(x.view(-1, 4, 8)).mean(1))

def train(net, x, y, steps=4):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net.losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        net.losses.append(loss.detach())
    return net

generator = torch.Generator().manual_seed(1)
x, y = torch.randn(24, 32, generator=generator), torch.randn(24, 4, generator=generator)
share = slice(rank * 24 // size, (rank + 1) * 24 // size)

def compare(make, hook=None, **options):
    ddp = DistributedDataParallel(make(), **options)
    if hook:
        ddp.register_comm_hook(None, hook)
    train(ddp, x[share], y[share])
    alone = train(make().eval(), x, y)
    losses = torch.stack(ddp.losses)
    dist.all_reduce(losses, ReduceOp.AVG)
    torch.testing.assert_close(losses, torch.stack(alone.losses), rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(ddp.module.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
        same_everywhere(ours.detach())
    return ddp

evaluated = lambda: model().eval()
"""

WAYS = """
compare(evaluated)
compare(evaluated, gradient_as_bucket_view=True, bucket_cap_mb=0.01)
compare(evaluated, hook=dataparallel.smddp_hook)
compare(evaluated, static_graph=True)
compare(images)
compare(Words)
compare(Branches, find_unused_parameters=True)
# Batch norm's own statistics differ between ranks while training: rank 0's are everybody's.
ddp = train(DistributedDataParallel(model()), x[share], y[share])
ddp(x[share])
same_everywhere(ddp.module[3].weight.detach())
synced = nn.SyncBatchNorm.convert_sync_batchnorm(model())
"""

ACCUMULATION = """
net = DistributedDataParallel(evaluated())
halves = x[share].chunk(2), y[share].chunk(2)
with net.no_sync():
    nn.functional.mse_loss(net(halves[0][0]), halves[1][0]).backward()
nn.functional.mse_loss(net(halves[0][1]), halves[1][1]).backward()
alone = evaluated()
(2 * nn.functional.mse_loss(alone(x), y)).backward()
for ours, theirs in zip(net.module.parameters(), alone.parameters(), strict=True):
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)

half = DistributedDataParallel(nn.Linear(32, 4).to(torch.bfloat16), gradient_as_bucket_view=True)
half(x[share].to(torch.bfloat16)).sum().backward()
assert half.module.weight.grad.dtype == torch.bfloat16
same_everywhere(half.module.weight.grad)
"""

SHARDED = """
from torch.distributed.fsdp import fully_shard
from torch.distributed.optim import ZeroRedundancyOptimizer

sharded = fully_shard(evaluated(), mesh=dist.init_device_mesh("cpu", (size,)))
train(sharded, x[share], y[share])
alone = train(evaluated(), x, y)
for ours, theirs in zip(sharded.parameters(), alone.parameters(), strict=True):
    torch.testing.assert_close(ours.full_tensor(), theirs, rtol=1e-4, atol=1e-5)

net = DistributedDataParallel(evaluated())
optimizer = ZeroRedundancyOptimizer(net.parameters(), torch.optim.SGD, lr=0.1)
nn.functional.mse_loss(net(x[share]), y[share]).backward()
optimizer.step()
for parameter in net.parameters():
    same_everywhere(parameter.detach())
"""

HOOKS = """
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook

def hooked(state, hook):
    net = DistributedDataParallel(evaluated(), bucket_cap_mb=0.01)
    net.register_comm_hook(state, hook)
    return train(net, x[share], y[share])

alone = train(evaluated(), x, y)
for ours, theirs in zip(
    hooked(None, default_hooks.fp16_compress_hook).module.parameters(), alone.parameters()
):
    torch.testing.assert_close(ours, theirs, rtol=0.05, atol=0.01)
    same_everywhere(ours.detach())
state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=2, start_powerSGD_iter=2)
for parameter in hooked(state, powerSGD_hook.powerSGD_hook).module.parameters():
    assert parameter.isfinite().all()
    same_everywhere(parameter.detach())
"""

FREED = """
def in_a_function(number):
    dist.init_process_group(
        "smddp", init_method=f"file://{os.getcwd()}/s{number}", rank=rank, world_size=size
    )
    net = DistributedDataParallel(nn.Linear(4, 1))
    net(torch.ones(2, 4)).sum().backward()
    dist.barrier()
    dist.destroy_process_group()

dist.barrier()
dist.destroy_process_group()
for number in range(10):
    in_a_function(number)
print("left the function")
"""


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_training_in_parallel_is_training_alone(agree, ranks):
    agree(TRAIN + WAYS, ranks)


def test_gradients_add_up_without_exchange_and_keep_their_precision(agree):
    agree(TRAIN + ACCUMULATION, 2)


def test_fsdp_and_sharded_optimizers_run_on_it(agree):
    agree(TRAIN + SHARDED, 2)


def test_hooks_of_torch_that_communicate_in_callbacks_run_on_it(agree):
    agree(TRAIN + HOOKS, 2, timeout=40)


def test_a_model_freed_after_its_group_does_not_hang(agree):
    assert "left the function" in agree(FREED, 2, timeout=40).log(1)


def test_all_of_it_holds_for_buckets_in_shared_memory(agree):
    """So small a bucket would stay where it is."""
    body = "import jupyter_sdt.runtime.dataparallel.shared_tensors as module\n"
    body += "module.SMALL_BYTES = 64\n" + TRAIN + WAYS + ACCUMULATION + HOOKS
    body += "assert dist.group.WORLD._sharing.tensors._count > 5\n"
    agree(body, 2, timeout=60)
