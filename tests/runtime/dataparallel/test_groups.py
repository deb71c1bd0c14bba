"""Groups beside each other, and work that is waited for later."""

GROUPS = """
low, high = dist.new_group([0, 1]), dist.new_group([2, 3])
mine = low if rank < 2 else high
total = torch.tensor([float(rank)])
dist.all_reduce(total, group=mine)
assert total.item() == (1 if rank < 2 else 5)
dist.broadcast(total, 0 if rank < 2 else 2, group=mine)
dist.barrier(mine)
assert dist.get_backend(mine) == dist.get_backend() == "smddp"
assert dist.group.WORLD.name() == "smddp"
assert mine._sharing is not None
dist.destroy_process_group(mine)
dist.all_reduce(total)
assert total.item() == 12
"""

ORDER = """
# Rank 0 waits for its work only after a message that rank 1 sends before its own.
if rank == 0:
    value = torch.ones(100_000)
    work = dist.all_reduce(value, async_op=True)
    assert not work.is_completed()
    dist.send(torch.ones(1), 1)
else:
    value = torch.ones(100_000)
    dist.recv(torch.ones(1), 0)
    work = dist.all_reduce(value, async_op=True)
assert work.wait() and work.is_completed() and work.is_success() and work.exception() is None
assert value.unique().tolist() == [2] and work.result()[0] is value

works = [dist.all_reduce(torch.full((9,), float(i)), async_op=True) for i in range(30)]
now = torch.ones(4)
dist.all_reduce(now)
assert now.tolist() == [2] * 4
assert [w.get_future().wait()[0][0].item() for w in works] == [2.0 * i for i in range(30)]
doubled = dist.all_reduce(torch.ones(2), async_op=True).get_future().then(
    lambda done: done.value()[0] * 2
)
assert doubled.wait().tolist() == [4, 4]
"""


def test_sub_groups_share_memory_of_their_own(agree):
    agree(GROUPS, 4)


def test_asynchronous_work_keeps_its_order_and_blocks_nobody(agree):
    agree(ORDER, 2)
