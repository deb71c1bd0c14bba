"""How a job is spread: strategy, launcher and degrees. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Strategy = Literal[
    "none",  # one plain process per node
    "torch_distributed",
    "pytorchddp",
    "smdataparallel",
    "modelparallel",
    "mpi",
    "parameter_server",
    "multi_worker_mirrored_strategy",
    "pytorchxla",
]
Launcher = Literal["nursery", "torchrun", "mpirun", "python"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Strategy (what SageMaker's ``distribution`` key names), launcher and processes per node.

    ``launcher`` is how the processes are started on local nodes; None means the default of the
    strategy: mpirun for ``mpi``, otherwise the nursery. ``parameters`` are the strategy's own
    (``modelparallel``'s ``parameters``), ``mpi_options`` the tokens of ``custom_mpi_options``.
    """

    strategy: Strategy = "none"
    launcher: Launcher | None = None
    processes_per_node: int | None = None
    mpi_options: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    instance_groups: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from ``dataclasses.asdict``'s form."""
        known: dict[str, Any] = {k: data[k] for k in cls.__dataclass_fields__ if k in data}
        for name in ("mpi_options", "instance_groups"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)
