"""Our DistributedDataParallel takes whatever torch's takes, and refuses what that refuses."""

from runtime.dataparallel.conftest import DDP

MODULES = """
def frozen():
    net = plain()
    return net.requires_grad_(False) and net[2].requires_grad_(True) and net
compare(frozen, step_of)

class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.wide, self.short = nn.Linear(100, 200).double(), nn.Linear(200, 200).bfloat16()
        self.last = nn.Linear(200, 300)
    def forward(self, x):
        return self.last(self.short(self.wide(x.double()).bfloat16()).float())
net = compare(Mixed, step_of)
assert {kind: len(b.flat) for kind, b in net._fused.by_dtype.items()} == {
    torch.float64: 20200, torch.bfloat16: 40200, torch.float32: 60300
}

def images():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 60, 5), nn.BatchNorm2d(60), nn.Conv2d(60, 60, 3), nn.Flatten()
    return nn.Sequential(nn.Unflatten(1, (1, 10, 10)), *layers, nn.Linear(960, 20)).to(
        memory_format=torch.channels_last
    )
compare(images, step_of)

class Branches(nn.Module):
    '''Of its branches some are used: others on each rank, and others in each step.'''
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.branches = nn.ModuleList(nn.Linear(100, 200) for _ in range(5))
        self.calls = -1
    def forward(self, x):
        self.calls += 1
        # The last branch is used by nobody before the third step, the first on rank 0 only.
        used = [0] * (rank == 0) + [1, 2] + [3] * (rank == self.calls % size)
        used += [4] * (self.calls > 2)
        return sum(self.branches[number](x) for number in used)
for to_none in (True, False):
    run = lambda *step: step_of(*step, to_none=to_none)
    net = compare(Branches, run, steps=6, find_unused_parameters=True)
    assert rank or not net._fused.strays

class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = plain(), nn.Linear(100, 300)
    def forward(self, x):
        return torch.utils.checkpoint.checkpoint(self.used, x, use_reentrant=True)
import torch.utils.checkpoint
def run(net, optimizer, step):
    batches[step].requires_grad_(True)
    step_of(net, optimizer, step)
compare(Unused, run, static_graph=True)

class Tables(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.linear = nn.Embedding(50, 100, sparse=True), nn.Linear(100, 300)
    def forward(self, x):
        return self.linear(self.table(x[:, 0].abs().long()))
pair = Ours(Tables()), Torchs(Tables(), process_group=gloo)
for step in range(3):
    for net in pair:
        net.zero_grad()
        loss_of(net(batches[step])).backward()
    for ours, theirs in zip(*(net.parameters() for net in pair), strict=True):
        close(ours.grad.to_dense(), theirs.grad.to_dense())
"""

ERRORS = """
def said(make, *use, **options):
    words = []
    for kind, group in ((Ours, None), (Torchs, gloo)):
        try:
            net = kind(make(), process_group=group, **options)
            for call in use:
                call(net)
        except (RuntimeError, ValueError) as error:
            words.append((type(error), str(error)[:60]))
    assert len(words) == 2 and words[0] == words[1], words
    return words[0][1]

assert "not needed when a module" in said(nn.ReLU)
assert "not needed when a module" in said(lambda: plain().requires_grad_(False))
synced = lambda: nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(3)))
assert "SyncBatchNorm layers only work with GPU" in said(synced)
assert "finished reduction" in said(
    Branches, lambda net: loss_of(net(batches[0])).backward(), lambda net: net(batches[0])
)
class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = plain()
    def forward(self, x):
        part = lambda: torch.utils.checkpoint.checkpoint(self.net, x, use_reentrant=True)
        return part() + part()
twice = lambda net: loss_of(net(batches[0].clone().requires_grad_(True))).backward()
assert "mark a variable ready only once" in said(Twice, twice, find_unused_parameters=True)
"""

OPTIONS = """
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook

seen = []
net = compare(plain, step_of)
handle = net.register_forward_hook(lambda module, given, output: seen.append(len(output)))
net(batches[0]), handle.remove()
assert seen == [8]

# A checkpoint has torch's keys, and a copy trains on.
assert list(net.state_dict()) == list(Torchs(plain(), process_group=gloo).state_dict())
restored = Ours(plain(), bucket_cap_mb=SMALL)
torch.save(net.state_dict(), f"net-{rank}.pt")
restored.load_state_dict(torch.load(f"net-{rank}.pt"))
for twin in (restored, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
    for step in range(3):
        for one in (net, twin):
            one.zero_grad()
            loss_of(one(batches[step])).backward()
        for ours, theirs in zip(net.parameters(), twin.parameters(), strict=True):
            assert torch.equal(ours.grad, theirs.grad)
    assert twin._fused.by_dtype[torch.float32].flat is not net._fused.by_dtype[torch.float32].flat

# Hooks get torch's buckets.
def hooked(net, state, hook):
    net.register_comm_hook(state, hook)
    try:
        net.register_comm_hook(state, hook)
        raise SystemExit("two hooks")
    except RuntimeError as error:
        assert "register_comm_hook" in str(error)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for step in range(4):
        step_of(net, optimizer, step)
    return net
for hook in (
    default_hooks.fp16_compress_hook, default_hooks.bf16_compress_hook, dataparallel.smddp_hook,
    default_hooks.bf16_compress_wrapper(default_hooks.allreduce_hook),
):
    pair = hooked(Ours(plain()), None, hook), hooked(Torchs(plain()), None, hook)
    for ours, theirs in zip(*(net.parameters() for net in pair), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=0.02, atol=1e-3)
        same_everywhere(ours.grad)
try:
    Torchs(plain(), process_group=gloo).register_comm_hook(None, default_hooks.bf16_compress_hook)
    raise SystemExit("gloo")
except TypeError as error:
    assert "BF16" in str(error)
state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=2, start_powerSGD_iter=2)
for parameter in hooked(Ours(plain()), state, powerSGD_hook.powerSGD_hook).parameters():
    assert parameter.grad.isfinite().all()
    same_everywhere(parameter.grad)
"""

UNEVEN = """
def trained(kind, group, divide, find, counts):
    net = kind(plain(), process_group=group, find_unused_parameters=find)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with net.join(divide_by_initial_world_size=divide):
        for batch in batches[: counts[rank % len(counts)]]:
            optimizer.zero_grad()
            loss_of(net(batch)).backward()
            optimizer.step()
    return [parameter.detach() for parameter in net.parameters()]

for find, counts in ((False, (5, 2)), (True, (1, 4)), (False, (0, 3))):
    for divide in (True, False):
        pair = [trained(*kind, divide, find, counts) for kind in ((Ours, None), (Torchs, gloo))]
        for ours, theirs in zip(*pair, strict=True):
            close(ours, theirs)
            same_everywhere(ours)
"""


def test_models_of_all_kinds_and_their_mistakes_come_out_as_with_torch(agree):
    agree(DDP + MODULES + ERRORS, 2, timeout=120)


def test_copies_checkpoints_hooks_and_uneven_inputs_work_as_with_torch(agree):
    agree(DDP + OPTIONS + UNEVEN, 2, timeout=120)
