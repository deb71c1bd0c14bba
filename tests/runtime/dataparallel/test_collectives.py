"""Every collective gives what gloo gives, on every dtype, size and number of ranks."""

import pytest
import torch.distributed as dist

from jupyter_sdt.runtime.dataparallel import SmddpProcessGroup

RANKS = (1, 2, 3, 4)

ALL_REDUCE = """
floats = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
integers = [torch.uint8, torch.int8, torch.int32, torch.int64]
plain = [ReduceOp.SUM, ReduceOp.PRODUCT, ReduceOp.MIN, ReduceOp.MAX]
bits = [ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR]
cases = [(dtype, op) for dtype in floats for op in plain]
cases += [(dtype, op) for dtype in integers for op in plain + bits]
for seed, (dtype, op) in enumerate(cases):
    for numel in (1, 1000, 40_000):
        ours = seeded(numel, dtype, seed)
        theirs = ours.clone()
        dist.all_reduce(ours, op)
        dist.all_reduce(theirs, op, group=gloo)
        close(ours, theirs)
        same_everywhere(ours.view(torch.uint8))
"""

MORE_ALL_REDUCE = """
# Bigger than a slot, not a multiple of anything.
ours = seeded(1_300_001, torch.float32, 1)
theirs = ours.clone()
dist.all_reduce(ours)
dist.all_reduce(theirs, group=gloo)
close(ours, theirs)
same_everywhere(ours)

mean = seeded(70_000, torch.float32, 2)
total = mean.clone()
dist.all_reduce(mean, ReduceOp.AVG)
dist.all_reduce(total, group=gloo)
close(mean, total / size)

flags = torch.tensor([rank == 0, True, False])
dist.all_reduce(flags)
assert flags.tolist() == [True, True, False]
flags = torch.tensor([rank == 0, True, False])
dist.all_reduce(flags, ReduceOp.MIN)
assert flags.tolist() == [size == 1, True, False]

short = torch.full((5,), rank + 1, dtype=torch.int16)
dist.all_reduce(short)
assert short.tolist() == [size * (size + 1) // 2] * 5

turned = seeded(600_000, torch.float32, 3).view(600, 1000).t()
copy = turned.clone().contiguous()
dist.all_reduce(turned)
dist.all_reduce(copy, group=gloo)
close(turned.contiguous(), copy)

complex_ones = torch.full((3,), 1 + 2j)
dist.all_reduce(complex_ones)
assert complex_ones.tolist() == [size + 2j * size] * 3

dist.all_reduce(torch.empty(0))
weight = nn.Parameter(torch.ones(3))
version = weight._version
dist.all_reduce(weight)
assert weight.tolist() == [size] * 3 and weight._version == version

several = [torch.full((3,), 1.0), torch.full((50_000,), 2.0)]
dist.all_reduce_coalesced(several)
assert [t.unique().tolist() for t in several] == [[size], [2 * size]]

with torch.inference_mode():
    fresh = torch.ones(3)
work = dist.all_reduce(fresh, async_op=True)
work.wait()
assert fresh.tolist() == [size] * 3
"""

MOVING = """
for seed, (numel, dtype) in enumerate(
    [(1, torch.int64), (1000, torch.bfloat16), (700_001, torch.float32), (9, torch.bool)]
):
    for root in range(size):
        ours = seeded(numel, dtype, seed)
        theirs = ours.clone()
        dist.broadcast(ours, root)
        dist.broadcast(theirs, root, group=gloo)
        assert torch.equal(ours, theirs)

    mine = seeded(numel, dtype, seed)
    ours = [torch.empty_like(mine) for _ in range(size)]
    theirs = [torch.empty_like(mine) for _ in range(size)]
    dist.all_gather(ours, mine)
    dist.all_gather(theirs, mine, group=gloo)
    assert all(map(torch.equal, ours, theirs))

    whole = mine.new_empty(numel * size)
    dist.all_gather_into_tensor(whole, mine)
    assert torch.equal(whole, torch.cat(theirs))
    stacked = mine.new_empty(size, numel)
    dist.all_gather_into_tensor(stacked, mine)
    assert torch.equal(stacked, torch.stack(theirs))

for numel in (1, 1000, 500_001):
    inputs = seeded(numel * size, torch.float32, numel)
    total = inputs.clone()
    dist.all_reduce(total, group=gloo)
    expected = total.view(size, numel)[rank]
    ours = torch.empty(numel)
    dist.reduce_scatter_tensor(ours, inputs.clone())
    close(ours, expected)
    dist.reduce_scatter(ours.zero_(), list(inputs.clone().chunk(size)))
    close(ours, expected)
    dist.reduce_scatter_tensor(ours.zero_(), inputs.clone(), ReduceOp.AVG)
    close(ours, expected / size)

with dist._coalescing_manager(async_ops=True) as manager:
    outputs = [torch.empty(3 * size), torch.empty(size)]
    for output, length in zip(outputs, (3, 1)):
        dist.all_gather_into_tensor(output, torch.full((length,), float(rank)))
manager.wait()
assert outputs[1].tolist() == list(range(size))
assert outputs[0].view(size, 3)[:, 2].tolist() == list(range(size))

with dist._coalescing_manager(async_ops=True) as manager:
    shares = [torch.empty(3), torch.empty(1)]
    for share in shares:
        dist.reduce_scatter_tensor(share, torch.ones(share.numel() * size))
manager.wait()
assert [share.unique().item() for share in shares] == [size, size]
"""

GLOO_BEHIND = """
to, source = (rank + 1) % size, (rank - 1) % size
got = torch.zeros(3)
if size > 1:
    work = dist.isend(torch.full((3,), float(rank)), to)
    dist.recv(got, source)
    work.wait()
    assert got.tolist() == [source] * 3

total = torch.full((3,), rank + 1.0)
dist.reduce(total, 0)
assert rank or total.tolist() == [size * (size + 1) / 2] * 3

pieces = [torch.zeros(2) for _ in range(size)] if rank == 0 else None
dist.gather(torch.full((2,), float(rank)), pieces, 0)
assert rank or [piece[0].item() for piece in pieces] == list(range(size))
piece = torch.zeros(1)
dist.scatter(piece, [torch.tensor([10.0 + i]) for i in range(size)] if rank == 0 else None, 0)
assert piece.item() == 10 + rank

out = torch.zeros(size)
dist.all_to_all_single(out, torch.arange(size, dtype=torch.float32) + 10 * rank)
assert out.tolist() == [10 * other + rank for other in range(size)]
lists = [torch.zeros(1) for _ in range(size)]
dist.all_to_all(lists, [torch.tensor([float(rank)]) for _ in range(size)])
assert [t.item() for t in lists] == list(range(size))

objects = [None] * size
dist.all_gather_object(objects, {"rank": rank})
assert objects == [{"rank": other} for other in range(size)]
message = ["hello" if rank == 0 else None]
dist.broadcast_object_list(message, 0)
assert message == ["hello"]

if size > 1:  # from anybody, and a barrier that names who does not come
    if rank == 0:
        senders = {dist.recv(got) for _ in range(size - 1)}
        assert senders == set(range(1, size))
    else:
        dist.send(torch.ones(3), 0)
dist.group.WORLD.monitored_barrier()

sparse = torch.sparse_coo_tensor([[0]], [1.0], (2,))
dist.all_reduce(sparse)
assert sparse.to_dense().tolist() == [size, 0]

import torch.distributed._functional_collectives as functional
assert functional.all_reduce(torch.ones(2), "sum", dist.group.WORLD).tolist() == [size] * 2
gathered = functional.all_gather_tensor(torch.ones(2), 0, dist.group.WORLD)
assert gathered.tolist() == [1.0] * 2 * size
"""


def test_no_collective_is_left_to_c_plus_plus_which_would_keep_pythons_lock():
    asked = [name for name in dir(dist.ProcessGroup) if callable(getattr(dist.ProcessGroup, name))]
    moving = ("all", "reduce", "gather", "scatter", "broadcast", "send", "recv", "barrier")
    collectives = [n for n in asked if any(word in n for word in moving) and "__" not in n]
    assert len(collectives) >= 15
    ours = SmddpProcessGroup
    left = [n for n in collectives if getattr(ours, n) is getattr(dist.ProcessGroup, n)]
    assert left == []


@pytest.mark.parametrize("ranks", RANKS)
def test_all_reduce_is_gloos_for_every_dtype_and_operation(agree, ranks):
    agree(ALL_REDUCE, ranks)


@pytest.mark.parametrize("ranks", RANKS)
def test_all_reduce_takes_whatever_tensor_it_is_given(agree, ranks):
    agree(MORE_ALL_REDUCE, ranks)


@pytest.mark.parametrize("ranks", RANKS)
def test_tensors_arrive_where_gloo_would_bring_them(agree, ranks):
    agree(MOVING, ranks)


@pytest.mark.parametrize("ranks", [1, 3])
def test_what_shared_memory_does_not_do_gloo_does(agree, ranks):
    agree(GLOO_BEHIND, ranks)


@pytest.mark.parametrize("body", [ALL_REDUCE, MORE_ALL_REDUCE, MOVING, GLOO_BEHIND])
def test_two_nodes_of_two_ranks_agree_with_gloo(agree, body):
    nodes = 'os.environ["SDT_SHARED_MEMORY_NODE"] = str(int(os.environ["RANK"]) % 2)\n'
    check = "assert len(dist.group.WORLD._sharing.topology.nodes) == 2\n"
    without_int16 = body.replace("torch.int16", "torch.int32")
    agree(f"dist.destroy_process_group()\n{nodes}" + REJOIN + check + without_int16, 4)


REJOIN = """
store = f"file://{os.getcwd()}/again"
dist.init_process_group("smddp", init_method=store, rank=rank, world_size=size)
gloo = dist.new_group(backend="gloo")
"""
