"""One line of a rank's metrics file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Source = Literal["script", "autolog", "regex", "resources"]

# Decimals of a time in a line: numbers of at most 15 digits are parsed in half the time.
TIME_DECIMALS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRecord:
    """Values that one rank recorded at one step.

    ``time`` is in seconds since the epoch; a line has it to 10 microseconds. ``step`` is None when
    the writer knows none (regular expressions on a log). ``source`` tells who recorded: the script
    through ``log_metrics``, ``autolog``, a ``regex`` of ``metric_definitions``, or the supervisor
    about ``resources``. Values are finite floats, or None where the script logged NaN or infinity,
    which JSON cannot carry.
    """

    time: float
    rank: int
    step: int | None
    values: Mapping[str, float | None] = field(default_factory=dict)
    source: Source = "script"

    def to_line(self) -> bytes:
        """Return the JSON line, newline included."""
        body = {
            "time": round(self.time, TIME_DECIMALS),
            "rank": self.rank,
            "step": self.step,
            "source": self.source,
            "values": dict(self.values),
        }
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes | str) -> Self:
        """Parse :meth:`to_line`'s form. Raises ValueError on anything else."""
        body: Any = json.loads(line)
        if not isinstance(body, dict) or not isinstance(body.get("values"), dict):
            raise ValueError(f"not a metric record: {line[:80]!r}")
        return cls(
            time=float(body["time"]),
            rank=int(body["rank"]),
            step=body.get("step"),
            values=body["values"],
            source=body.get("source", "script"),
        )
