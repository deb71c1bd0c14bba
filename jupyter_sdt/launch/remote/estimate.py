"""What a job on ``ml.*`` instances may cost, before anything is sent."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Mapping

from jupyter_sdt.errors import SdtError
from jupyter_sdt.launch.remote.prices import Price, find_price, unknown_price
from jupyter_sdt.spec.cost import CostEstimate
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_store import list_directories

Look = Callable[[str, str], Price | None]
# As many of the newest jobs are looked at for the time that such a job takes.
_MOST_EARLIER = 50
_STAMP = re.compile(r"-\d{4}(-\d\d){5}-\d{3}$")


def estimate_cost(spec: JobSpec, region: str, look: Look = find_price) -> CostEstimate:
    """Return the estimate for a job; ``look`` finds the price of a type in a region.

    Raises SpecError for a prices file of the user that cannot be read.
    """
    instances = instances_of_spec(spec)
    hourly, sources = hourly_price(instances, region, look)
    return CostEstimate(
        instances=instances,
        max_run_seconds=spec.max_run_seconds,
        hourly_price=hourly,
        sources=sources,
        keep_alive_seconds=float(spec.sagemaker.get("keep_alive_period_in_seconds") or 0),
        spot=bool(spec.sagemaker.get("use_spot_instances")),
    )


def hourly_price(
    instances: Mapping[str, int], region: str, look: Look = find_price
) -> tuple[float | None, tuple[str, ...]]:
    """Return USD an hour of all instances together, and where the prices are from.

    None when the price of any type is unknown; the sources then say what to do about it.
    """
    found = {kind: look(kind, region) for kind in instances}
    missing = tuple(unknown_price(kind) for kind, price in found.items() if price is None)
    if missing:
        return None, missing
    prices = {kind: price for kind, price in found.items() if price is not None}
    total = sum(price.hourly * instances[kind] for kind, price in prices.items())
    return total, tuple(dict.fromkeys(price.source for price in prices.values()))


def instances_of_spec(spec: JobSpec) -> dict[str, int]:
    """How many instances of each type a job asks for."""
    counted: dict[str, int] = {}
    for group in spec.sagemaker.get("instance_groups") or ():
        kind = str(group["instance_type"])
        counted[kind] = counted.get(kind, 0) + int(group["instance_count"])
    return counted or {spec.instance_type: spec.instance_count}


def typical_seconds(spec: JobSpec) -> float | None:
    """Billed seconds of earlier jobs with this script on these instances: their median.

    None without any that completed.
    """
    times = list(_earlier_seconds(spec))
    return statistics.median(times) if times else None


def _earlier_seconds(spec: JobSpec) -> Iterator[float]:
    for directory in list_directories()[:_MOST_EARLIER]:
        try:
            earlier, state = directory.read_spec(), directory.read_state()
        except (SdtError, OSError):
            continue
        bill = state.billing
        # What ran on this machine tells nothing of the time that instances need.
        if bill is None or bill.rehearsed or bill.billable_seconds is None:
            continue
        if state.status == "Completed" and _same_work(earlier, spec):
            yield bill.billable_seconds


def _same_work(one: JobSpec, other: JobSpec) -> bool:
    if instances_of_spec(one) != instances_of_spec(other):
        return False
    if one.entry_point_file or other.entry_point_file:
        return one.entry_point_file == other.entry_point_file
    return _base(one.job_name) == _base(other.job_name)


def _base(job_name: str) -> str:
    return _STAMP.sub("", job_name)
