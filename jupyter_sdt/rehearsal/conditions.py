"""What a rehearsed account is like: its quotas, how long phases take, when spot is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_sdt.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Settings of :func:`~jupyter_sdt.rehearsal.service.rehearse`; all times in seconds.

    ``quotas`` are instances by type that may be in use at once; a type that is not named has no
    limit. ``starting_seconds`` is how long instances take to come, after ``pending_seconds`` of
    waiting for capacity. A spot job is interrupted once
    after ``interrupt_after_seconds`` of training and starts again ``capacity_seconds`` later; its
    billable time is ``spot_price_share`` of its training time. Of each ``throttle_every`` calls for
    training jobs one is refused as too many; 0 refuses none. A node runs at most
    ``most_processes`` ranks, however many accelerators its type has. A role that the rehearsed IAM
    knows must trust SageMaker; with ``known_roles_only`` any other is refused. ``denied`` are
    operations that nobody may call, such as GetLogEvents. ``prices`` are what the Price List tells
    of training, in USD an hour by type; other types are as in our own table. With ``directed`` jobs
    run nothing: they stay in a phase until :meth:`Rehearsal.enter` moves them on. Raises SpecError.
    """

    quotas: Mapping[str, int] = field(default_factory=dict)
    starting_seconds: float = 1.0
    pending_seconds: float = 0.0
    interrupt_after_seconds: float | None = None
    capacity_seconds: float = 1.0
    spot_price_share: float = 0.3
    throttle_every: int = 0
    most_processes: int = 2
    stop_seconds: float = 120.0
    known_roles_only: bool = False
    denied: tuple[str, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict)
    directed: bool = False

    def __post_init__(self) -> None:
        for name in ("starting_seconds", "pending_seconds", "capacity_seconds", "stop_seconds"):
            if getattr(self, name) < 0:
                raise SpecError(f"{name}={getattr(self, name)} must not be below 0", argument=name)
        if not 0 < self.spot_price_share <= 1:
            raise SpecError(
                f"spot_price_share={self.spot_price_share} must be above 0 and at most 1",
                argument="spot_price_share",
            )
        if self.most_processes < 1 or self.throttle_every < 0:
            raise SpecError(
                f"most_processes={self.most_processes} must be at least 1 and throttle_every="
                f"{self.throttle_every} at least 0",
                argument="most_processes" if self.most_processes < 1 else "throttle_every",
            )
