"""Recording what steps ask of other stages, and replaying a plain chain in a fixed order.

The first stage alone asks, so it alone records: it tells the others their order when a step begins,
and that the order no longer holds as soon as a microbatch does something else than the record. From
there on the step goes on as its messages come, with the same results.
"""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_sdt.runtime.modelparallel.pipeline.chain import (
    Chain,
    Name,
    Pattern,
    Visit,
    find_chain,
)
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Mode
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task

Tables = dict[int, tuple[Name, ...]]


class Replay:
    """What is known of this pipeline's steps that train.

    ``schedule`` and ``active`` are the engine's; ``whole`` are visits, of all stages, to modules
    that call none of other stages.
    """

    def __init__(self, schedule: str, active: int, whole: frozenset[Visit]) -> None:
        self._schedule, self._active, self._whole = schedule, active, whole
        self._known: dict[tuple[Mode, int], tuple[Chain, Tables]] = {}
        self._chain: Chain | None = None
        self.stops = True  # before going back

    def begin(self, mode: Mode, microbatches: int) -> Tables | None:
        """The order of every stage for a step in this mode; None where it is not known."""
        known = self._known.get((mode, microbatches))
        self.stops = known is None or known[0].turning > 0
        if known is None:
            return None
        self._chain, tables = known
        return tables

    def prepare(self, task: Task) -> None:
        """Have a step function go back without a stop, and ask the last stage once, if it may."""
        if self._chain is None or self.stops:
            return
        task.attempt = 1
        if self._pattern(task) == self._chain.opening:
            task.opens_at = self._chain.there[-1]
        else:
            task.turns_at = self._chain.there[-1]

    def begins_as_recorded(self, task: Task) -> bool:
        """Whether a step function that has not waited yet has done what was recorded."""
        first = self._pattern(task)[0]
        visits, bursts = first.visits, first.bursts
        same = tuple(task.visits) == visits[: len(task.visits)]
        return same and tuple(task.bursts) == bursts[: len(task.bursts)] and not task.parts

    def as_recorded(self, task: Task) -> bool:
        """Whether the last part of a step function that replays is the one that was recorded."""
        place, pattern = len(task.parts) - 1, self._pattern(task)
        ends = task.finished == (place == len(pattern) - 1)
        return ends and place < len(pattern) and task.parts[place] == pattern[place]

    def _pattern(self, task: Task) -> Pattern:
        assert self._chain is not None  # asked only while it is replayed
        return self._chain.pattern_of(task.microbatch)

    def learn(self, mode: Mode, roots: Sequence[Task]) -> None:
        """Look at a complete step that trained, and remember it if it was a plain chain."""
        patterns = [tuple(task.parts) for task in roots]
        chain = find_chain(patterns, self._whole.__contains__)
        if chain is not None and self._schedule == "interleaved":
            chain = chain.without_stop() or chain
        if chain is not None:
            tables = chain.tables(len(roots), self._schedule, self._active)
            self._known[mode, len(roots)] = chain, tables
