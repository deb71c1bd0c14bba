"""How the stages of a pipeline work together."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``schedule`` is "simple" (all forwards first) or "interleaved" (backward when possible).

    ``active`` limits the microbatches under way in the latter; ``seconds`` is how long a stage
    waits for the others.
    """

    stages: int
    rank: int = 0
    device: torch.device = _CPU
    schedule: str = "interleaved"
    active: int = 4
    seconds: float = 1800.0
