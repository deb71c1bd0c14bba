"""Random numbers of a step: each microbatch draws its own, whatever is computed in between.

Stages do their work in one order while they learn what a step does and in another once they replay
it; with one sequence for all, dropout would depend on that, and so would training that is resumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

_BITS = (1 << 64) - 1


@dataclass(slots=True)
class RandomNumbers:
    """The sequences of one step on ``stage``; what it draws from outside is one number."""

    stage: int
    device: torch.device
    _seed: int = field(init=False)
    _current: int | None = field(init=False, default=None)  # None: outside
    _kept: dict[int | None, list[torch.Tensor]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._seed = int(torch.empty((), dtype=torch.int64, device="cpu").random_())

    def enter(self, microbatch: int | None) -> None:
        """Go on drawing those of ``microbatch``; None: those from outside of the step."""
        if microbatch == self._current:
            return
        generators = self._generators()
        self._kept[self._current] = [generator.get_state() for generator in generators]
        states = self._kept.get(microbatch)
        self._current = microbatch
        for place, generator in enumerate(generators):
            if states is None:
                generator.manual_seed(_mixed(self._seed, self.stage << 32 | (microbatch or 0)))
            else:
                generator.set_state(states[place])

    def _generators(self) -> list[torch.Generator]:
        if self.device.type != "cuda":
            return [torch.default_generator]
        index = torch.cuda.current_device() if self.device.index is None else self.device.index
        return [torch.default_generator, torch.cuda.default_generators[index]]


def _mixed(seed: int, number: int) -> int:
    """Far from that of the next number: SplitMix64 (Steele et al., OOPSLA 2014, figure 16)."""
    mixed = (seed + (number + 1) * 0x9E3779B97F4A7C15) & _BITS
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _BITS
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _BITS
    return mixed ^ mixed >> 31
