"""Messages arrive in the order in which a peer sent them, by whichever way they came."""

import socket
import threading
import time

import pytest
import torch

from jupyter_sdt.runtime.modelparallel.pipeline import connecting, wire
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Arrival, Inbox, Source
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Astray, Lost, Values

SMALL, LARGE = torch.arange(7.0), torch.arange(1 << 16, dtype=torch.float64)


@pytest.fixture
def ways():
    """Both ends of a way for packets, and of a stream."""
    pairs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET), socket.socketpair()
    yield pairs
    for connection in (*pairs[0], *pairs[1]):
        connection.close()


def message(number, tensor):
    return wire.packed(number, Values(1, number, ((number, "given", 0),)), [tensor])


def numbers(inbox, count):
    return [inbox.get(5.0)[1].microbatch for _ in range(count)]


def test_a_small_message_is_one_packet_and_a_large_one_is_none(ways):
    (mine, theirs), _ = ways
    assert wire.send_packet(mine, message(3, SMALL))
    assert not wire.send_packet(mine, message(4, LARGE))
    number, found, (tensor,) = wire.receive_packet(theirs, wire.packet_room())
    assert (number, found.microbatch) == (3, 3)
    torch.testing.assert_close(tensor, SMALL)


def test_a_way_that_is_full_takes_no_more_and_does_not_block(ways):
    (mine, _), _ = ways
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    assert any(not wire.send_packet(mine, message(n, SMALL)) for n in range(1000))


@pytest.mark.parametrize(
    "tensor",
    [LARGE, SMALL[::2], torch.tensor(3), torch.empty(0, 4), torch.randn(3).bool()],
    ids=["large", "strided", "scalar", "empty", "bool"],
)
def test_a_stream_carries_what_was_sent(ways, tensor):
    _, (mine, theirs) = ways
    sender = threading.Thread(target=wire.send, args=(mine, message(5, tensor)))
    sender.start()
    number, _, (found,) = wire.receive(theirs)
    sender.join()
    assert number == 5
    torch.testing.assert_close(found, tensor, rtol=0, atol=0)


def test_what_came_by_the_stream_later_is_delivered_in_its_place(ways):
    (mine, theirs), _ = ways
    inbox, source = Inbox(), Source(1, theirs)
    inbox.add(source)
    for number in (0, 2, 3):
        wire.send_packet(mine, message(number, SMALL))
    assert numbers(inbox, 1) == [0]
    assert inbox.get(0) is None  # the second is still on its way
    inbox.put(Arrival(source, 1, Values(1, 1, ()), []))
    assert numbers(inbox, 3) == [1, 2, 3]
    assert inbox.get(0.01) is None


def test_the_last_packets_of_a_peer_come_before_its_end(ways):
    (mine, theirs), _ = ways
    inbox, source = Inbox(), Source(1, theirs)
    inbox.add(source)
    inbox.put(Arrival(source, -1, Lost(7), []))
    for number in range(3):
        wire.send_packet(mine, message(number, SMALL))
    mine.close()
    assert numbers(inbox, 3) == [0, 1, 2]
    assert inbox.get(5.0) == (1, Lost(7), [])
    assert inbox.get(0.01) is None  # the closed socket does not keep it busy


def test_whoever_waits_wakes_when_a_thread_has_read_something():
    inbox, source = Inbox(), Source(2, None)
    inbox.add(source)
    threading.Thread(target=inbox.put, args=(Arrival(source, 0, Astray(1), []),)).start()
    assert inbox.get(None) == (2, Astray(1), [])


def test_peers_are_ordered_each_for_itself(ways):
    (mine, theirs), _ = ways
    inbox, near, far = Inbox(), Source(1, theirs), Source(2, None)
    inbox.add(near)
    inbox.add(far)
    inbox.put(Arrival(far, 0, Astray(1), []))
    wire.send_packet(mine, message(0, SMALL))
    assert {inbox.get(5.0)[0], inbox.get(5.0)[0]} == {1, 2}


def test_more_messages_than_the_bell_can_ring_for_are_all_delivered():
    inbox, source = Inbox(), Source(1, None)
    for number in range(2000):
        inbox.put(Arrival(source, number, Astray(number), []))
    assert [inbox.get(1.0)[1].step for _ in range(2000)] == list(range(2000))


@pytest.mark.parametrize("awake", [0.0, 0.02, 1.0])
def test_one_that_stays_awake_finds_the_same_and_waits_no_longer(ways, awake):
    (mine, theirs), _ = ways
    inbox = Inbox(awake)
    inbox.add(Source(1, theirs))
    start = time.monotonic()
    assert inbox.get(0) is None
    assert inbox.get(0.03) is None
    assert time.monotonic() - start >= 0.03
    later = threading.Timer(0.05, wire.send_packet, (mine, message(0, SMALL)))
    later.start()
    assert inbox.get(5.0)[1].microbatch == 0
    later.join()


@pytest.mark.parametrize(("ranks", "awake"), [(1, True), (10_000, False)])
def test_nobody_stays_awake_where_ranks_share_cores(monkeypatch, ranks, awake):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(ranks))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert (connecting._seconds_awake() > 0) is awake
