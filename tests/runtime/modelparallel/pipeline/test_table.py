"""Static orders of a chain: 1F1B with the loss on the first stage, and all forwards first."""

import pytest

from jupyter_sdt.runtime.modelparallel.pipeline.chain import (
    ASKED,
    BACK,
    READY,
    Part,
    find_chain,
)
from jupyter_sdt.runtime.modelparallel.pipeline.gantt import drawn as as_text
from jupyter_sdt.runtime.modelparallel.pipeline.table import Move, alternating, orders, room_of

LETTERS = {"forward": "F", "between": "L", "backward": "B"}
DURATIONS = {"forward": 1.0, "between": 0.0, "backward": 2.0}


def chain(stages):
    there = [Move(stage, "forward") for stage in range(stages)]
    back = [Move(stage, "backward") for stage in reversed(range(stages))]
    return [*there, Move(0, "between"), *back]


def drawn(moves, order):
    return " ".join(f"{LETTERS[moves[number].kind]}{microbatch}" for number, microbatch in order)


def test_two_stages_alternate_and_the_loss_comes_before_it_is_missed():
    moves = chain(2)
    found = orders(moves, 5, room_of([0, 1], 5, 4))
    assert drawn(moves, found[0]) == "F0 F1 F2 L0 F3 L1 B0 L2 F4 B1 L3 B2 L4 B3 B4"
    assert drawn(moves, found[1]) == "F0 F1 B0 F2 B1 F3 B2 F4 B3 B4"


def test_all_forwards_come_first_and_no_backward_begins_before_all_have_asked():
    moves = chain(2)
    moves.insert(3, Move(0, "between", waits=True))
    found = orders(moves, 3, {})
    assert drawn(moves, found[1]) == "F0 F1 F2 B0 B1 B2"
    assert drawn(moves, found[0]) == "F0 F1 F2 L0 L1 L2 L0 L1 L2 B0 B1 B2"


@pytest.mark.parametrize("stages", [2, 3, 4, 8])
@pytest.mark.parametrize("microbatches", [1, 4, 8, 16])
def test_the_order_fills_the_pipeline_and_holds_what_it_may(stages, microbatches):
    """Carried out with exact durations, it takes what filling and draining must take."""
    moves = chain(stages)
    room = room_of(list(range(stages)), microbatches, stages + 2)
    queues = {stage: list(order) for stage, order in orders(moves, microbatches, room).items()}
    free, ends = dict.fromkeys(queues, 0.0), {}
    while any(queues.values()):
        ready = [
            (stage, *queue[0])
            for stage, queue in queues.items()
            if queue and (not queue[0][0] or (queue[0][0] - 1, queue[0][1]) in ends)
        ]
        assert ready, "the orders wait for each other"
        for stage, number, microbatch in ready:
            begin = max(free[stage], ends.get((number - 1, microbatch), 0.0))
            free[stage] = ends[number, microbatch] = begin + DURATIONS[moves[number].kind]
            queues[stage].pop(0)
    assert max(free.values()) == pytest.approx(3 * (microbatches + stages - 1))
    for stage, order in orders(moves, microbatches, room).items():
        held = most = 0
        for number, _ in order:
            held += {"forward": 1, "between": 0, "backward": -1}[moves[number].kind]
            most = max(most, held)
        assert most == room[stage] <= stages + 1 - stage + (not stage)


def test_fewer_microbatches_may_be_under_way_than_the_stages_could_hold():
    assert room_of([0, 1, 2], 8, 2) == {0: 2, 1: 2, 2: 2}
    assert drawn_plain(alternating(3, 1)) == "F0 B0 F1 B1 F2 B2"


def drawn_plain(turns):
    return " ".join(f"{LETTERS[kind]}{microbatch}" for kind, microbatch in turns)


FORWARD = Part(((1, 7), (1, 8), (2, 9)), ((1, "forward"), (1, "forward"), (2, "forward")))
LOSS = Part(((2, BACK), (1, BACK)), ((2, "backward"), (1, "backward")))
END = Part()


def whole(visit):
    return visit != (2, 13)


def test_a_chain_becomes_a_table_of_the_tasks_of_each_stage():
    found = find_chain([(FORWARD, LOSS, END)] * 2, whole)
    tables = found.tables(2, "interleaved", 4)
    assert tables[1] == ((0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1), (0, 0, 2), (1, 0, 2))
    assert tables[2] == ((0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1))
    assert tables[0] == tuple((m, -1, 0) for m in (0, 1, 0, 1, 0, 1))
    asked = Part(bursts=(ASKED,))
    tables = find_chain([(FORWARD, asked, LOSS, END)] * 2, whole).tables(2, "simple", 4)
    assert tables[2] == ((0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1))
    assert [m for m, _, _ in tables[0]] == [0, 1, 0, 1, 0, 1, 0, 1]


def test_the_last_stage_is_asked_once_for_all_but_at_first_when_it_is_idle():
    ready = Part(FORWARD.visits, (*FORWARD.bursts[1:], READY))
    loss = Part(LOSS.visits, ((2, "backward"), (1, "backward")))
    found = find_chain([(ready, loss, END)] * 3, whole).without_stop()
    assert found.pattern_of(0)[0].bursts == (
        *FORWARD.bursts[1:],
        *((2, "backward"), (1, "backward")),
    )
    assert found.pattern_of(1)[0].bursts == (FORWARD.bursts[1], *loss.bursts)
    tables = found.tables(3, "interleaved", 4)
    assert tables[2] == ((0, 0, 0), (0, 0, 1), (1, 0, 0), (2, 0, 0))
    assert [m for m, _, _ in tables[0]] == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    "patterns",
    [
        [(FORWARD, LOSS, END), (FORWARD, LOSS, LOSS, END)],
        [(FORWARD, END)],
        [(FORWARD, FORWARD, LOSS, END)],
        [(FORWARD, LOSS, LOSS, END)],
        [(Part(((1, 7), (2, 8), (1, 9)), FORWARD.bursts), LOSS, END)],
        [(Part(((1, 7), (2, 13)), FORWARD.bursts), LOSS, END)],
        [(FORWARD, Part(((1, BACK), (2, BACK)), LOSS.bursts), END)],
        [(FORWARD, Part(((3, BACK),), LOSS.bursts), END)],
    ],
)
def test_what_is_no_plain_chain(patterns):
    assert find_chain(patterns, whole) is None


def test_a_recorded_step_is_drawn_as_text():
    rows = [(0, 0, "forward", 0, 1), (1, 0, "forward", 1, 2), (1, 0, "backward", 2, 4)]
    rows += [(0, 1, "forward", 1, 2), (0, 0, "backward", 4, 6)]
    names = ("stage", "microbatch", "kind", "start", "end")
    schedule = {"stages": 2, "tasks": [dict(zip(names, row, strict=True)) for row in rows]}
    assert as_text(schedule, width=6).splitlines() == [
        "one step, 6000.0 ms; columns of 1000.00 ms",
        "stage 0  forward |01    |",
        "stage 0 backward |    00|",
        "stage 1  forward | 0    |",
        "stage 1 backward |  00  |",
    ]
