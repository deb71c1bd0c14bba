"""What the bill of a job is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """Part of the state of a job on ``ml.*`` instances.

    ``hourly_price`` is in USD for all instances together, on demand, None where it is unknown;
    ``sources`` tell where it is from. ``billable_seconds`` and ``training_seconds`` are the
    service's own counts, None before the end; ``kept_seconds`` those of its warm pool so far. A
    ``rehearsed`` job ran on this machine, and nobody bills it.
    """

    hourly_price: float | None = None
    sources: tuple[str, ...] = field(default_factory=tuple)
    spot: bool = False
    billable_seconds: float | None = None
    training_seconds: float | None = None
    kept_seconds: float = 0.0
    rehearsed: bool = False

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild from ``dataclasses.asdict``'s form; unknown keys are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "sources": tuple(known.get("sources", ()))})

    @property
    def saved(self) -> float:
        """The share that spot capacity saved, 0 before the end."""
        if self.billable_seconds is None or not self.training_seconds:
            return 0.0
        return max(0.0, 1 - self.billable_seconds / self.training_seconds)
