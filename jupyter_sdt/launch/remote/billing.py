"""What DescribeTrainingJob tells of a job's bill, with the prices of its instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.estimate import hourly_price
from jupyter_sdt.launch.remote.price_list import best_price
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.spec.billing import Billing


@dataclass(slots=True)
class RemoteBilling:
    """The bill of one job. ``instances`` are counts by type, ``spot`` is asked-for capacity."""

    service: Service
    instances: Mapping[str, int]
    spot: bool
    _priced: tuple[float | None, tuple[str, ...]] | None = field(default=None, init=False)

    def told_by(self, described: Mapping[str, Any]) -> Billing:
        """Return the bill as far as a description tells it."""
        if self._priced is None:
            self._priced = self._find_prices()
        hourly, sources = self._priced
        pool = described.get("WarmPoolStatus") or {}
        return Billing(
            hourly_price=hourly,
            sources=sources,
            spot=bool(described.get("EnableManagedSpotTraining", self.spot)),
            billable_seconds=described.get("BillableTimeInSeconds"),
            training_seconds=described.get("TrainingTimeInSeconds"),
            kept_seconds=float(pool.get("ResourceRetainedBillableTimeInSeconds") or 0),
            rehearsed=self.service.rehearsed,
        )

    def _find_prices(self) -> tuple[float | None, tuple[str, ...]]:
        try:
            look = best_price(self.service)
            return hourly_price(self.instances, self.service.region, look)
        except SpecError as error:  # the user's file was damaged since the plan was made
            return None, (str(error),)
