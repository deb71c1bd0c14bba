"""Tensors in shared memory: reduced where they lie, with gloo's results, and freed when unused."""

import signal
from pathlib import Path

import pytest

SHARED = """
shared = dist.group.WORLD._sharing.tensors
kinds = {9: torch.float32, 70_001: torch.float32, 1_300_001: torch.bfloat16, 40_000: torch.int64}
for seed, (numel, dtype) in enumerate(kinds.items()):
    ours = dataparallel.shared_zeros(numel, dtype=dtype)
    ours.copy_(seeded(numel, dtype, seed))
    theirs = ours.clone()
    dist.all_reduce(ours)
    dist.all_reduce(theirs, group=gloo)
    close(ours, theirs)
    same_everywhere(ours.view(torch.uint8))

whole = dataparallel.shared_zeros(500, 600).copy_(seeded(300_000, torch.float32, 5).view(500, 600))
part, before = whole[100:400], whole.clone()
assert shared.place(part).endswith(f"+{100 * 600}")
expected = part.clone()
dist.all_reduce(part, ReduceOp.AVG)
dist.all_reduce(expected, group=gloo)
close(part, expected / size)
assert torch.equal(whole[:100], before[:100]) and torch.equal(whole[400:], before[400:])

# Where only some ranks' tensors lie in shared memory, nobody's is treated so.
mixed = whole if rank == 0 else torch.ones(500, 600)
expected = mixed.clone()
dist.all_reduce(mixed)
dist.all_reduce(expected, group=gloo)
close(mixed, expected)
"""

RELEASED = """
def in_a_function():
    tensor = dataparallel.shared_zeros(100_000)
    dist.all_reduce(tensor)

shared = dist.group.WORLD._sharing.tensors
for _ in range(3):
    in_a_function()
kept = dataparallel.shared_zeros(100_000)
assert [held.is_used for held in shared._found.values()] == [True]
"""

BUCKETS = """
def train(group, **options):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 4))
    net = DistributedDataParallel(net, process_group=group, **options)
    if options.pop("hook", False):
        net.register_comm_hook(None, dataparallel.smddp_hook)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(rank)
    for _ in range(5):
        optimizer.zero_grad()
        net(torch.randn(8, 300, generator=generator)).square().mean().backward()
        optimizer.step()
    return net

shared = dist.group.WORLD._sharing.tensors
plain = train(gloo)
for view in (False, True):
    net = train(None, gradient_as_bucket_view=view)
    for ours, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
        torch.testing.assert_close(ours.grad, theirs.grad)
        same_everywhere(ours.detach())
    assert len(shared._found) == 1 + view, "the bucket was not moved"
assert shared.place(torch.empty(0).set_(net.module[0].weight.grad.untyped_storage()))
hooked = DistributedDataParallel(nn.Linear(300, 300))
hooked.register_comm_hook(None, dataparallel.smddp_hook)
for _ in range(4):
    hooked(torch.ones(2, 300)).sum().backward()
assert shared._count == 3, "each net has one bucket to move"
"""


NODES = """
os.environ["SDT_SHARED_MEMORY_NODE"] = str(rank % 2)
dist.destroy_process_group()
store = f"file://{os.getcwd()}/again"
dist.init_process_group("smddp", init_method=store, rank=rank, world_size=size)
gloo = dist.new_group(backend="gloo")
"""


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_tensors_in_shared_memory_are_reduced_where_they_lie(agree, ranks):
    agree(SHARED if ranks > 1 else SHARED.replace("shared.place(part)", "'+60000'"), ranks)


def test_shared_memory_goes_with_the_tensor(agree):
    agree(RELEASED, 2)


@pytest.mark.parametrize("ranks", [2, 3])
def test_buckets_of_ddp_move_into_shared_memory_and_train_the_same(agree, ranks):
    agree(BUCKETS, ranks)


def test_two_nodes_reduce_shared_tensors_as_gloo_does(agree):
    agree(NODES + SHARED, 4)


def test_between_nodes_sixteen_bits_travel_where_that_is_asked_for(agree):
    body = """
for numel in (1000, 1_300_001):
    ours = seeded(numel, torch.float32, 1)
    theirs, exact = ours.clone(), torch.full((numel,), 3.0, dtype=torch.float64)
    dist.all_reduce(ours)
    dist.all_reduce(theirs, group=gloo)
    assert not torch.equal(ours, theirs)
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
    same_everywhere(ours)
    dist.all_reduce(exact)
    assert exact.unique().tolist() == [12]
"""
    agree(NODES + body, 4, environment={"SDT_WIRE_DTYPE": "bfloat16"})


def test_an_unknown_dtype_between_nodes_is_refused(run_ranks):
    job = run_ranks(NODES, 4, environment={"SDT_WIRE_DTYPE": "int8"})
    assert "SDT_WIRE_DTYPE='int8' must be one of float32, bfloat16, float16" in job.log()


def test_without_room_tensors_stay_where_they_are(agree):
    body = """
import jupyter_sdt.runtime.dataparallel.shared_tensors as module
module._SPARE_BYTES = 1 << 60
tensor = torch.ones(100_000)
for _ in range(2):
    assert not dataparallel.share(tensor)
dist.all_reduce(tensor)
assert tensor.unique().tolist() == [size]
"""
    job = agree(body, 2)
    assert job.log(0).count("smddp: no 0.8 MiB of shared memory left in /dev/shm") == 1
    assert "smddp" not in job.log(1)


KILLED = """
value = dataparallel.shared_zeros(300_000)
print("shares", flush=True)
for count in range(10**9):
    if count == 20 and rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        dist.all_reduce(value)
    except RuntimeError as error:
        print(type(error).__name__, error, flush=True)
        raise SystemExit(3)
"""


def test_a_kill_in_the_middle_ends_the_others_and_leaves_nothing(run_ranks):
    job = run_ranks(KILLED, 3, timeout=60)
    assert job.codes == [3, -signal.SIGKILL, 3]
    for rank in (0, 2):
        assert "CollectiveError rank 1 is gone" in job.log(rank)
    pids = [job.process(rank)["pid"] for rank in range(3)]
    left = [path.name for path in Path("/dev/shm").iterdir()]
    assert not [name for name in left for pid in pids if f"_{pid}_" in name or f"-{pid}-" in name]


WORKERS = """
from torch.utils.data import DataLoader
value = dataparallel.shared_zeros(100_000)
for _ in range(2):
    for batch in DataLoader(list(range(8)), num_workers=1, multiprocessing_context="fork"):
        dist.all_reduce(value.fill_(1))
        assert value.unique().tolist() == [size]
"""


def test_forked_workers_of_data_loaders_do_no_harm_to_shared_tensors(agree):
    agree(WORKERS, 2)
