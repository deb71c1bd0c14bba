"""Our DistributedDataParallel leaves the gradients of torch's, in buffers of one size."""

import signal

import pytest

MODELS = """
import copy, pickle
from torch.nn.parallel import DistributedDataParallel as Torchs
from jupyter_sdt.runtime.dataparallel import DistributedDataParallel as Ours

SMALL = 0.1  # megabytes: six buffers of the model below, large enough for shared memory

def plain():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(100, 300), nn.ReLU(), nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 7)
    )

generator = torch.Generator().manual_seed(10 + rank)
batches = [torch.randn(8, 100, generator=generator) for _ in range(6)]

def loss_of(output):
    return (output if torch.is_tensor(output) else sum(output)).float().pow(2).mean()

def compare(make, run, steps=4, **options):
    pair = Ours(make(), bucket_cap_mb=SMALL, **options), Torchs(
        make(), process_group=gloo, **options
    )
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9) for net in pair]
    for step in range(steps):
        for net, optimizer in zip(pair, optimizers):
            run(net, optimizer, step)
        for ours, theirs in zip(*(net.module.parameters() for net in pair), strict=True):
            assert (ours.grad is None) == (theirs.grad is None)
            if ours.grad is not None:
                close(ours.grad, theirs.grad)
                same_everywhere(ours.grad)
            close(ours.detach(), theirs.detach())
        for ours, theirs in zip(*(net.module.buffers() for net in pair), strict=True):
            close(ours, theirs)
    return pair[0]

def step_of(net, optimizer, step, *, to_none=True, between=lambda net: None):
    optimizer.zero_grad(set_to_none=to_none)
    loss_of(net(batches[step])).backward()
    between(net)
    optimizer.step()
"""

WHERE = """
net = compare(plain, step_of)
flat = net._fused.by_dtype[torch.float32].flat
grads = [parameter.grad for parameter in net.parameters()]
assert {grad.untyped_storage().data_ptr() for grad in grads} == {flat.untyped_storage().data_ptr()}
# In the order of backward, from the last layer to the first, and without holes.
order = sorted(net.parameters(), key=lambda parameter: parameter.grad.data_ptr())
assert [p.shape for p in order] == [p.shape for p in net.parameters()][::-1]
assert sum(grad.numel() for grad in grads) == flat.numel()
buffers = net._fused.by_dtype[torch.float32]
buffers.empty()
buffers.fill(flat.numel())
sizes = [len(buffer) for buffer in buffers.full()]
assert len(sizes) > 4 and len(set(sizes[:-1])) == 1 and sizes[0] - 16 * len(sizes) < sizes[-1]
if dist.group.WORLD._sharing is not None:
    assert all(dist.group.WORLD._sharing.tensors.place(part) for part in flat.split(sizes[0])[:3])
assert isinstance(net, Torchs) and net.module is not None and type(net).__name__ == Torchs.__name__
"""

STEPS = """
compare(plain, lambda *step: step_of(*step, to_none=False))

def clip(net):
    nn.utils.clip_grad_norm_(net.parameters(), 0.01)
compare(plain, lambda *step: step_of(*step, between=clip))

def replace(net):  # as optimizers and scripts do it that make their own gradients
    for number, parameter in enumerate(net.parameters()):
        parameter.grad = [torch.clone, torch.detach, torch.zeros_like][number % 3](parameter.grad)
for to_none in (True, False):
    compare(plain, lambda *step: step_of(*step, to_none=to_none, between=replace))

def accumulate(net, optimizer, step):
    optimizer.zero_grad(set_to_none=step % 2 == 0)
    with net.no_sync():
        loss_of(net(batches[step])).backward()
    loss_of(net(batches[step + 1])).backward()
    loss_of(net(batches[step])).backward()
    optimizer.step()
compare(plain, accumulate)

def twice_forward(net, optimizer, step):
    optimizer.zero_grad()
    (loss_of(net(batches[step])) + loss_of(net(batches[step + 1]))).backward()
    optimizer.step()
compare(plain, twice_forward)

def scaled(net, optimizer, step, scaler=[]):
    if not scaler:
        scaler.append(torch.amp.GradScaler("cpu", init_scale=8.0))
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(net(batches[step]))
    scaler[0].scale(loss).backward()
    scaler[0].unscale_(optimizer)
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    scaler[0].step(optimizer)
    scaler[0].update()
compare(plain, scaled)
"""

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


@pytest.mark.parametrize("ranks", [2, 3])
def test_gradients_are_torchs_and_lie_in_buffers_of_one_size(agree, ranks):
    agree(MODELS + WHERE + STEPS, ranks, timeout=120)


def test_models_of_all_kinds_and_their_mistakes_come_out_as_with_torch(agree):
    agree(MODELS + MODULES + ERRORS, 2, timeout=120)


def test_copies_checkpoints_hooks_and_uneven_inputs_work_as_with_torch(agree):
    agree(MODELS + OPTIONS + UNEVEN, 2, timeout=120)


def test_without_shared_memory_gradients_are_the_same(agree):
    body = MODELS + WHERE + "compare(plain, step_of, find_unused_parameters=True)\n"
    agree(body, 2, environment={"SDT_SHARED_MEMORY_DIR": "/proc"})


def test_between_nodes_gradients_are_the_same(agree):
    nodes = 'os.environ["SDT_SHARED_MEMORY_NODE"] = str(rank // 2)\n'
    nodes += "mine = dist.new_group(backend='smddp')\n"
    nodes += "assert len(mine._sharing.topology.nodes) == 2\n"
    body = MODELS.replace("bucket_cap_mb=SMALL", "bucket_cap_mb=SMALL, process_group=mine")
    agree(nodes + body + "compare(plain, step_of)\n", 4, timeout=120)


KILLED = """
net = Ours(plain(), bucket_cap_mb=SMALL)
def die(gradient):
    if rank == 1 and step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
net.module[2].weight.register_hook(die)
try:
    for step in range(5):
        net.zero_grad()
        loss_of(net(batches[step])).backward()
except RuntimeError as error:
    print(step, error)
    raise SystemExit(3)
"""


def test_the_kill_of_a_rank_in_backward_ends_the_others_with_its_number(run_ranks):
    job = run_ranks(MODELS + KILLED, 3, timeout=60)
    assert job.codes == [3, -signal.SIGKILL, 3], job.log(0)
    for rank in (0, 2):
        assert "3 " in job.log(rank)
        assert "rank 1 is gone" in job.log(rank)
