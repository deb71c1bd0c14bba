"""Static schedules: the order in which each stage of a chain works on microbatches.

1F1B as in PipeDream-Flush (https://arxiv.org/abs/2104.04473, section 2.2), but for a chain that
ends where it began: smp's step functions compute the loss on the first stage. That makes it one
stage longer, so each stage holds one microbatch more. Orders depend on their arguments alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["forward", "between", "backward", "turn"]
# What a move takes, in units of a forward; and a message on its way.
_COSTS: dict[Kind, float] = {"forward": 1.0, "between": 0.01, "backward": 2.0, "turn": 3.0}
_LATENCY = 0.05


@dataclass(frozen=True, slots=True)
class Move:
    """One of the things that are done with a microbatch, one after the other.

    ``between`` is what the first stage does between forward and backward, ``turn`` both of them,
    as the last stage does. A move with ``waits`` begins when all microbatches have come to it.
    """

    stage: int
    kind: Kind
    waits: bool = False


Order = list[tuple[int, int]]  # (number of the move, microbatch)


def room_of(
    stages: Sequence[int], microbatches: int, active: int, *, returns: bool = True
) -> dict[int, int]:
    """How many microbatches each of ``stages``, in the order of the chain, holds in 1F1B.

    With ``returns`` the chain ends on the first one, which makes it one stage longer.
    The first holds one more: it has the step functions to run, so it is the slowest of equal
    stages, and must not wait while the others fill.
    """
    depth = len(stages) + returns
    limit = min(microbatches, active)
    return {stage: min(limit, depth - place + (not place)) for place, stage in enumerate(stages)}


def orders(moves: Sequence[Move], microbatches: int, room: Mapping[int, int]) -> dict[int, Order]:
    """What each stage does in turn.

    It goes forward ``room[stage]`` times, then back and forward in turn. What lies between is done
    as soon as it can be where a backward takes twice as long as a forward: stages wait for it.
    """
    simulated = _Simulation(moves, microbatches, room)
    found: dict[int, Order] = {move.stage: [] for move in moves}
    for _ in range(len(moves) * microbatches):
        number, microbatch = simulated.advance()
        found[moves[number].stage].append((number, microbatch))
    return found


def alternating(microbatches: int, room: int) -> list[tuple[Kind, int]]:
    """Forward ``room`` times, then backward and forward in turn."""
    found: list[tuple[Kind, int]] = [("forward", n) for n in range(min(room, microbatches))]
    for number in range(microbatches):
        found.append(("backward", number))
        if number + room < microbatches:
            found.append(("forward", number + room))
    return found


class _Simulation:
    """Whatever can begin first begins; each stage keeps to its order of forwards and backwards."""

    def __init__(self, moves: Sequence[Move], microbatches: int, room: Mapping[int, int]) -> None:
        self._moves = moves
        self._next = [0] * microbatches
        self._ready = [0.0] * microbatches
        self._free = dict.fromkeys((move.stage for move in moves), 0.0)
        self._done: Counter[int] = Counter()
        self._turns = {
            stage: alternating(microbatches, room.get(stage, microbatches))
            if {Move(stage, "forward"), Move(stage, "backward")} <= set(moves)
            else [
                (move.kind, n) for n in range(microbatches) for move in moves if move.stage == stage
            ]
            for stage in self._free
        }

    def advance(self) -> tuple[int, int]:
        """Do the move that can begin first; of several one between forward and backward."""
        begin, _, microbatch = min(self._candidates())
        number = self._next[microbatch]
        move = self._moves[number]
        end = self._free[move.stage] = begin + _COSTS[move.kind]
        self._done[move.stage] += move.kind != "between"
        self._next[microbatch] += 1
        following = self._moves[number + 1 : number + 2]
        travels = any(after.stage != move.stage for after in following)
        self._ready[microbatch] = end + _LATENCY * travels
        return number, microbatch

    def _candidates(self) -> list[tuple[float, bool, int]]:
        found = []
        for microbatch, number in enumerate(self._next):
            if number < len(self._moves) and self._possible(number, microbatch):
                move = self._moves[number]
                begin = max(self._ready[microbatch], self._free[move.stage])
                found.append((begin, move.kind != "between", microbatch))
            if not number:  # those behind it have not begun either
                break
        return found

    def _possible(self, number: int, microbatch: int) -> bool:
        move = self._moves[number]
        if move.waits:
            return all(reached >= number for reached in self._next)
        if move.kind == "between":
            return True
        return self._turns[move.stage][self._done[move.stage]] == (move.kind, microbatch)
