"""What a step function asked of other stages, and whether that is a plain chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Phase
from jupyter_sdt.runtime.modelparallel.pipeline.table import Move, orders, room_of

# A task on one stage: its microbatch, who asked for it (-1: the step function), the how-manieth.
Name = tuple[int, int, int]
# The step function has asked to go back, and waits until all microbatches have.
ASKED = (-1, "asked")
# All that the step function wants to go back from lies on other stages.
READY = (-1, "ready")
# A call does not need the result of the one before it.
APART = (-1, "apart")
# (stage, number of the module), -1 for going back through one
Visit = tuple[int, int]
BACK = -1


@dataclass(frozen=True, slots=True)
class Part:
    """A step function from one wait for other stages to the next: calls, and bursts sent."""

    visits: tuple[Visit, ...] = ()
    bursts: tuple[tuple[int, Phase | str], ...] = ()

    @property
    def path(self) -> list[int]:
        """Stages in the order in which they are visited."""
        return [stage for stage, _ in groupby(stage for stage, _ in self.visits)]

    def joined(self, following: Part, leaving_out: Sequence[tuple[int, Phase | str]]) -> Part:
        """Both without a wait between them."""
        bursts = tuple(burst for burst in self.bursts if burst not in leaving_out)
        return Part(self.visits + following.visits, bursts + following.bursts)

    def phases(self) -> set[str]:
        """Of the bursts."""
        return {phase for stage, phase in self.bursts if stage >= 0}


Pattern = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A pattern in which every stage goes forward once and back once, one after the other."""

    pattern: Pattern
    turning: int  # the part that goes back through other stages
    there: Sequence[int]  # the other stages, in the order of their forwards
    back: Sequence[int]  # and of their backwards
    opening: Pattern | None = None  # of the first microbatch, where it differs

    def pattern_of(self, microbatch: int) -> Pattern:
        """What the step function of a microbatch does."""
        return self.pattern if microbatch or self.opening is None else self.opening

    def without_stop(self) -> Chain | None:
        """The chain when nobody waits for answers before going back; None where somebody must.

        No stage can go back by mistake, as each of them needs what the one before it returned.
        """
        first, second, *others = self.pattern
        ready = self.turning == 1 and READY in first.bursts and APART not in first.bursts
        if not ready or self.back[:1] != self.there[-1:]:
            return None
        # The last stage is asked for both at once; but at first it has nothing else to do.
        last = (self.there[-1], "forward")
        opening = first.joined(second, leaving_out=(READY,))
        rest = first.joined(second, leaving_out=(READY, last))
        return Chain((rest, *others), 0, self.there, self.back, (opening, *others))

    def tables(self, microbatches: int, schedule: str, active: int) -> dict[int, tuple[Name, ...]]:
        """The tasks of each stage, in order: 1F1B for "interleaved", else all forwards first."""
        interleaved = schedule == "interleaved"
        moves = self._moves(simple=not interleaved)
        path = [0, *self.there]
        room = (
            room_of(path, microbatches, active, returns=bool(self.turning)) if interleaved else {}
        )
        return {
            stage: tuple(
                name
                for number, microbatch in order
                for name in self._names(moves[number], microbatch)
            )
            for stage, order in orders(moves, microbatches, room).items()
        }

    def _moves(self, *, simple: bool) -> list[Move]:
        moves = [Move(0, "forward")]
        if self.turning:
            moves += [Move(stage, "forward") for stage in self.there]
        else:
            moves += [Move(stage, "forward") for stage in self.there[:-1]]
            moves += [Move(self.there[-1], "turn")]
            moves += [Move(stage, "backward") for stage in self.back[1:]]
        for number in range(1, len(self.pattern) - 1):
            asked = any(ASKED in part.bursts for part in self.pattern[number - 1 : number])
            moves.append(Move(0, "between", waits=simple and asked))
            if number == self.turning:
                moves += [Move(stage, "backward") for stage in self.back]
        return [*moves, Move(0, "backward")]

    def _names(self, move: Move, microbatch: int) -> list[Name]:
        if not move.stage:
            return [(microbatch, -1, 0)]
        parts = self.pattern_of(microbatch)
        sent = [phase for part in parts for stage, phase in part.bursts if stage == move.stage]
        asked = {"forward", "backward"} if move.kind == "turn" else {move.kind}
        return [(microbatch, 0, count) for count, phase in enumerate(sent) if phase in asked]


def find_chain(
    patterns: Sequence[Pattern], self_contained: Callable[[Visit], bool]
) -> Chain | None:
    """The chain that all microbatches follow; None where they differ or it is none.

    ``self_contained`` says whether a module calls none of other stages.
    """
    pattern = patterns[0]
    if len(pattern) < 3 or any(other != pattern for other in patterns):
        return None
    turning = [number for number, part in enumerate(pattern) if "backward" in part.phases()]
    first = pattern[0]
    plain = (
        len(turning) == 1
        and 0 < turning[0] < len(pattern) - 1
        and first.phases() == {"forward"}
        and all("forward" not in part.phases() for part in pattern[1:])
        and _once(first.path)
        and all(self_contained(visit) for visit in first.visits)
        and _is_back(pattern[turning[0]], first)
    )
    return Chain(pattern, turning[0], first.path, pattern[turning[0]].path) if plain else None


def _once(path: Sequence[int]) -> bool:
    return max(Counter(path).values(), default=0) == 1


def _is_back(part: Part, forward: Part) -> bool:
    """Whether it goes back through stages of ``forward``, the last of them first."""
    there = {stage: place for place, stage in enumerate(forward.path)}
    places = [there.get(stage, -1) for stage in part.path]
    return -1 not in places and places == sorted(set(places), reverse=True)
