"""Collectives one after the other, in any order, shape, layout and dtype, are what gloo's are."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

RUNNER = """
from math import prod

def made(shape, dtype, layout, seed):
    tensor = seeded(prod(shape), dtype, seed).view(shape)
    if layout == "turned":
        return tensor.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "strided":
        wide = torch.stack([tensor, tensor], -1)
        return wide[..., 0]
    return tensor.contiguous()

def all_reduce(mine, group, op, root):
    dist.all_reduce(mine, getattr(ReduceOp, op), group=group)
    return mine

def in_the_background(mine, group, op, root):
    other = mine.clone()
    works = [dist.all_reduce(part, getattr(ReduceOp, op), group=group, async_op=True)
             for part in (mine, other)]
    [work.wait() for work in works]
    return torch.stack([mine, other])

def broadcast(mine, group, op, root):
    dist.broadcast(mine, root, group=group)
    return mine

def all_gather(mine, group, op, root):
    parts = [torch.empty_like(mine) for _ in range(size)]
    dist.all_gather(parts, mine, group=group)
    return torch.stack(parts)

def reduce(mine, group, op, root):
    mine = mine.contiguous()  # gloo would take the memory behind it as it lies
    dist.reduce(mine, root, getattr(ReduceOp, op), group=group)
    return mine if rank == root else torch.zeros(())  # undefined elsewhere

def gather(mine, group, op, root):
    mine = mine.contiguous()
    parts = [torch.empty_like(mine) for _ in range(size)] if rank == root else None
    dist.gather(mine, parts, root, group=group)
    return torch.stack(parts) if parts else mine

def scatter(mine, group, op, root):
    mine = mine.contiguous()
    parts = [mine + place for place in range(size)] if rank == root else None
    got = torch.empty_like(mine)
    dist.scatter(got, parts, root, group=group)
    return got

def all_to_all(mine, group, op, root):
    sent = torch.cat([mine.reshape(-1) + place for place in range(size)])
    got = torch.empty_like(sent)
    dist.all_to_all_single(got, sent, group=group)
    return got

def reduce_scatter(mine, group, op, root):
    sent = torch.cat([mine.reshape(-1)] * size)
    if group is gloo:  # which cannot on every dtype
        dist.all_reduce(sent, getattr(ReduceOp, op), group=gloo)
        return sent.view(size, -1)[rank].clone()
    got = sent.new_empty(mine.numel())
    dist.reduce_scatter_tensor(got, sent, getattr(ReduceOp, op))
    return got

for seed, (kind, shape, dtype, layout, op, root) in enumerate(CALLS):
    call, dtype, root = globals()[kind], getattr(torch, dtype), root % size
    ours = call(made(shape, dtype, layout, seed), None, op, root)
    theirs = call(made(shape, dtype, "plain", seed), gloo, op, root)
    close(ours.contiguous(), theirs)
    if kind in ("all_reduce", "in_the_background", "all_gather"):
        same_everywhere(torch.cat([ours.reshape(-1)]).view(torch.uint8))
"""

KINDS = [
    *("all_reduce", "in_the_background", "broadcast", "all_gather", "reduce"),
    *("gather", "scatter", "all_to_all", "reduce_scatter"),
]
DTYPES = ["float32", "float64", "float16", "bfloat16", "int32", "int64", "uint8"]
# Small ones of any form, and some that need more than one slot of shared memory.
SHAPES = some.lists(some.integers(1, 40), min_size=1, max_size=3) | some.sampled_from(
    [[300_001], [700, 701]]
)
CALLS = some.lists(
    some.tuples(
        some.sampled_from(KINDS),
        SHAPES,
        some.sampled_from(DTYPES),
        some.sampled_from(["plain", "turned", "strided"]),
        some.sampled_from(["SUM", "MIN", "MAX"]),
        some.integers(0, 5),
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.parametrize("ranks", [2, 3])
@settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=CALLS)
def test_any_row_of_collectives_is_gloos(agree, ranks, calls):
    agree(f"CALLS = {calls!r}\n{RUNNER}", ranks)
