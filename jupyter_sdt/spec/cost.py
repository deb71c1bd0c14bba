"""What a job on ``ml.*`` instances costs: the estimate before, the sum so far, and the bill after.

SageMaker bills each instance for the seconds between TrainingStartTime and TrainingEndTime:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from jupyter_sdt.spec.billing import Billing
from jupyter_sdt.spec.job_status import JobState, Transition

HOUR = 3600.0  # seconds
# Phases in which the instances are there; waiting for them costs nothing.
_BILLED = frozenset(
    (
        *("DownloadingTrainingImage", "Downloading", "Training", "Uploading"),
        *("Stopping", "Restarting", "Updating"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one job has cost. ``amount`` is in USD, None where no price is known.

    ``seconds`` are those that each instance was billed for; while ``counting`` they go on.
    ``saved`` is the share that spot capacity saved, which the service tells at the end: until then
    ``amount`` is the most that a spot job can have cost. ``kept_seconds`` of a warm pool are billed
    on top. What a ``rehearsed`` job would have cost, nobody has to pay.
    """

    seconds: float
    amount: float | None
    final: bool
    spot: bool = False
    saved: float = 0.0
    kept_seconds: float = 0.0
    rehearsed: bool = False
    counting: bool = False

    def brief(self) -> str:
        """``1.02 USD so far``, or the seconds where no price is known."""
        so_far = "" if self.final else " so far"
        if self.amount is None:
            return f"{self.seconds:.0f} s{so_far}"
        most = "at most " if self.spot and not self.final else ""
        return f"{most}{dollars(self.amount)}{so_far}"

    def __str__(self) -> str:
        amount = "price unknown" if self.amount is None else self.brief()
        parts = [f"{self.seconds:.0f} s billed", amount]
        parts += [f"{self.saved:.0%} saved by spot"] if self.saved else []
        parts += [f"{self.kept_seconds:.0f} s of a warm pool"] if self.kept_seconds else []
        parts += ["rehearsed"] if self.rehearsed else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """What a job may cost, in USD; None where no price is known.

    ``instances`` are counts by type, ``hourly_price`` is that of all of them together, ``sources``
    tell where prices are from. ``most`` is for ``max_run_seconds`` to the last, ``warm_pool`` for
    keeping the instances afterwards, ``typical`` for as long as earlier jobs of this kind took.
    """

    instances: Mapping[str, int]
    max_run_seconds: float
    hourly_price: float | None = None
    sources: tuple[str, ...] = ()
    keep_alive_seconds: float = 0.0
    typical_seconds: float | None = None
    spot: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from ``dataclasses.asdict``'s form; keys of newer versions are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "sources": tuple(known.get("sources", ()))})

    @property
    def most(self) -> float | None:
        """For ``max_run_seconds``, without the warm pool."""
        return _times(self.hourly_price, self.max_run_seconds)

    @property
    def warm_pool(self) -> float | None:
        """For the whole time in which the instances are kept."""
        return _times(self.hourly_price, self.keep_alive_seconds)

    @property
    def typical(self) -> float | None:
        """For as long as jobs of this kind took, None without such jobs."""
        return _times(self.hourly_price, self.typical_seconds)

    def __str__(self) -> str:
        machines = " + ".join(f"{count} x {kind}" for kind, count in self.instances.items())
        told = "; ".join(self.sources)
        if self.hourly_price is None:
            return f"{machines}: no price known ({told})"
        return "; ".join([f"{machines}: {dollars(self.hourly_price)} an hour", *self._sums(), told])

    def _sums(self) -> Iterable[str]:
        spot = " before what spot saves" if self.spot else ""
        if self.typical is not None and self.typical_seconds is not None:
            earlier = duration(self.typical_seconds)
            yield f"typically {dollars(self.typical)}, earlier jobs took {earlier}"
        if self.most is not None:
            yield f"at most {dollars(self.most)} in max_run={duration(self.max_run_seconds)}{spot}"
        if self.keep_alive_seconds and self.warm_pool is not None:
            kept = duration(self.keep_alive_seconds)
            yield f"up to {dollars(self.warm_pool)} more for {kept} of a warm pool"


def cost_of(state: JobState, now: float) -> Cost | None:
    """Return what a job has cost at ``now`` (seconds since the epoch); None without a bill."""
    billing = state.billing
    if billing is None:
        return None
    counted = billing.billable_seconds
    seconds = billed_seconds(state.transitions, now) if counted is None else counted
    return Cost(
        seconds=seconds,
        amount=_times(billing.hourly_price, seconds + billing.kept_seconds),
        final=state.terminal,
        spot=billing.spot,
        saved=billing.saved,
        kept_seconds=billing.kept_seconds,
        rehearsed=billing.rehearsed,
        counting=counted is None and state.secondary_status in _BILLED,
    )


def bill_text(billing: Billing) -> str:
    """``cost 1.02 USD at 4.10 USD an hour: ...``, of a job whose seconds are known."""
    told, hourly = "; ".join(billing.sources), billing.hourly_price
    amount = _times(hourly, (billing.billable_seconds or 0.0) + billing.kept_seconds)
    if hourly is None or amount is None:
        return f"cost unknown: {told}"
    cost = "rehearsed, would cost" if billing.rehearsed else "cost"
    return f"{cost} {dollars(amount)} at {dollars(hourly)} an hour: {told}"


def billed_seconds(transitions: Iterable[Transition], now: float) -> float:
    """Seconds up to ``now`` in phases in which instances are billed."""
    steps = [(step.secondary_status, step.start_seconds) for step in transitions]
    pairs = pairwise([*steps, ("", now)])
    return sum(max(0.0, end - start) for (word, start), (_, end) in pairs if word in _BILLED)


def dollars(amount: float) -> str:
    """``1,234.50 USD``; of small sums four digits, since an hour may cost less than one."""
    return f"{amount:,.2f} USD" if amount >= 10 else f"{amount:.4g} USD"


def duration(seconds: float) -> str:
    """``90 s``, ``12.5 min`` or ``24 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.3g} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.3g} h"


def _times(hourly_price: float | None, seconds: float | None) -> float | None:
    return None if hourly_price is None or seconds is None else hourly_price * seconds / HOUR
