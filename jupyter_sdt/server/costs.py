"""What jobs on ``ml.*`` instances cost, for the browser: the estimate, and the bill so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from jupyter_sdt.spec.cost import HOUR, CostEstimate, cost_of
from jupyter_sdt.spec.job_status import JobState


class CostPayload(TypedDict):
    """What a job has cost: ``hourly_price`` for ``seconds``, and ``kept_seconds`` of a warm pool.

    The price is in USD for all instances together, None where none is known. ``seconds`` are
    those that each instance is billed for; while ``counting`` they go on. ``training_seconds`` are
    the service's count of the whole of training, None before the end; ``saved`` is the share of
    them that spot capacity saved. ``sources`` tell where the price is from. Nobody has to pay for
    what was only ``rehearsed``.
    """

    seconds: float
    counting: bool
    hourly_price: float | None
    kept_seconds: float
    training_seconds: float | None
    spot: bool
    saved: float
    rehearsed: bool
    sources: list[str]


class EstimatePayload(TypedDict):
    """What a job may cost in USD, None where that is unknown.

    ``typical`` is for the time that earlier jobs of this kind took, ``most`` for the longest that
    it may run, ``warm_pool`` for keeping the instances afterwards, ``hourly_price`` for an hour.
    """

    instances: dict[str, int]
    hourly_price: float | None
    typical: float | None
    typical_seconds: float | None
    most: float | None
    max_run_seconds: float
    warm_pool: float | None
    keep_alive_seconds: float
    spot: bool
    sources: list[str]


def cost_payload(state: JobState, now: float) -> CostPayload | None:
    """Return what a job has cost at ``now`` (seconds since the epoch); None for local jobs."""
    cost, billing = cost_of(state, now), state.billing
    if cost is None or billing is None:
        return None
    return CostPayload(
        seconds=cost.seconds,
        counting=cost.counting,
        hourly_price=billing.hourly_price,
        kept_seconds=cost.kept_seconds,
        training_seconds=billing.training_seconds,
        spot=cost.spot,
        saved=cost.saved,
        rehearsed=cost.rehearsed,
        sources=list(billing.sources),
    )


def spent(cost: CostPayload) -> float:
    """Return USD for comparing jobs; 0 where no price is known."""
    return (cost["hourly_price"] or 0.0) * (cost["seconds"] + cost["kept_seconds"]) / HOUR


def estimate_payload(estimate: CostEstimate | None) -> EstimatePayload | None:
    """Return an estimate; None for a job that costs nothing."""
    if estimate is None:
        return None
    return EstimatePayload(
        instances=dict(estimate.instances),
        hourly_price=estimate.hourly_price,
        typical=estimate.typical,
        typical_seconds=estimate.typical_seconds,
        most=estimate.most,
        max_run_seconds=estimate.max_run_seconds,
        warm_pool=estimate.warm_pool if estimate.keep_alive_seconds else None,
        keep_alive_seconds=estimate.keep_alive_seconds,
        spot=estimate.spot,
        sources=list(estimate.sources),
    )


def planned_estimate(plan: Mapping[str, Any] | None) -> EstimatePayload | None:
    """Return the estimate that a job's ``plan.json`` keeps; None without one that can be read."""
    told = (plan or {}).get("estimate")
    try:
        return estimate_payload(CostEstimate.from_json(told)) if told else None
    except (TypeError, AttributeError):  # another version wrote it
        return None
