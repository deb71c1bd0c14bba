"""Objects between real ranks."""

import pytest

MESSAGES = """
from jupyter_sdt.errors import CollectiveError, RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel.messages import *
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, RankType
"""
GRID = {"partitions": 2, "tensor_parallel_degree": 2, "ddp": True}


@pytest.fixture
def talk(mp_ranks):
    def run(body, ranks=2, parameters=None, **options):
        return mp_ranks(MESSAGES + body, ranks, parameters or {"partitions": 2}, **options)

    return run


def test_both_may_send_first_and_messages_come_in_order(talk):
    talk("""
other = 1 - rank
big = torch.full((3_000_000,), float(rank))
for number in range(20):
    send({"number": number, "from": rank}, other, RankType.PP_RANK)
send(big, other, RankType.WORLD_RANK)
big.fill_(7)
send(None, other)
for number in range(20):
    assert recv_from(other, RankType.WORLD_RANK) == {"number": number, "from": other}
assert torch.equal(recv_from(other, RankType.MP_RANK), torch.full((3_000_000,), float(other)))
assert recv_from(other) is None
""")


def test_a_broadcast_is_received_with_recv_from_in_every_group(talk):
    body = """
for group, kind in zip(CommGroup, RankType):
    members = here.group(group.value)
    sender = members.size - 1
    if members.rank == sender:
        broadcast({"group": group.name, "from": rank}, group)
    else:
        found = recv_from(sender, kind)
        assert found == {"group": group.name, "from": members.ranks[sender]}, found
    assert allgather((rank, "x" * rank), group) == [(r, "x" * r) for r in members.ranks]
    gathered = gather("y" * rank, group)
    assert gathered == (["y" * r for r in members.ranks] if members.rank == 0 else None)
    barrier(group)
"""
    talk(body, 4, GRID)


def test_tensors_arrive_without_the_storage_behind_a_view(talk):
    talk("""
from jupyter_sdt.runtime.modelparallel.pickling import pack
whole = torch.arange(1_000_000.0)
assert pack(whole[:10]).numel() < 2000
leaf = torch.ones(3, requires_grad=True)
wanted = {"view": whole[5:8], "grown": leaf * 2, "weight": torch.nn.Parameter(leaf.detach()),
          "half": torch.ones(2, dtype=torch.bfloat16), "none": torch.empty(3, device="meta"),
          "list": [torch.tensor(True)]}
for found in allgather(wanted, CommGroup.MP_GROUP):
    assert found["view"].tolist() == [5, 6, 7] and found["grown"].tolist() == [2, 2, 2]
    assert found["grown"].is_leaf and isinstance(found["weight"], torch.nn.Parameter)
    assert found["none"].is_meta
    assert found["half"].dtype == torch.bfloat16 and found["list"][0].item() is True
""")


def test_a_rank_may_send_to_itself(talk):
    talk("""
send([1, 2], rank)
assert recv_from(rank) == [1, 2]
refused(lambda: recv_from(rank), CollectiveError, "has sent nothing")
""")


def test_what_was_sent_arrives_though_the_sender_has_ended(talk):
    talk("""
import time
if rank == 0:
    send(b"last words" * 300_000, 1)
else:
    # The sender's script is over long before.
    dist.barrier()
    assert recv_from(0) == b"last words" * 300_000
if rank == 0:
    dist.barrier()
""")


def test_threads_do_not_mix_their_messages(talk):
    talk("""
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda n: send((n, "x" * 1000 * n), 1 - rank), range(40)))
    found = sorted(pool.map(lambda _: recv_from(1 - rank), range(40)))
assert found == [(n, "x" * 1000 * n) for n in range(40)]
""")


def test_ranks_and_groups_that_do_not_exist_are_refused_by_name(talk):
    talk("""
refused(lambda: send(1, 2, RankType.PP_RANK), SpecError, "dest_rank=2 must be from 0 to 1", "'pp'")
refused(lambda: recv_from(1, RankType.RDP_RANK), SpecError, "src_rank=1", "from 0 to 0")
refused(lambda: recv_from(-1), SpecError, "src_rank=-1")
refused(lambda: send(1, 1, CommGroup.WORLD), SpecError, "smp.RankType.WORLD_RANK")
refused(lambda: broadcast(1, "world"), SpecError, "smp.MP_GROUP")
refused(lambda: send(lambda: 1, 1), SpecError, "type function cannot be sent")
barrier()
""")


def test_receiving_from_a_rank_that_is_gone_is_an_error_and_failing_ranks_do_not_linger(job):
    body = """
import os
from jupyter_sdt.runtime.modelparallel import parameters, world
from jupyter_sdt.runtime.modelparallel.messages import recv_from, send
from jupyter_sdt.errors import CollectiveError
rank = world.start(parameters.read()).rank
if rank == 0:
    send("never received", 1)
    raise ValueError("this rank fails")
try:
    recv_from(0)
    recv_from(0)
except CollectiveError as error:
    print("noticed", error)
"""
    job.run(body, ranks=2)
    assert job.codes == [1, 0], job.log(1)
    assert "noticed receiving from rank 0" in job.log(1)
