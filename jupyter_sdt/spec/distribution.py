"""How a job is spread: strategy, launcher and degrees. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self, TypeVar

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.sagemaker_distribution import parse_distribution, write_distribution
from jupyter_sdt.spec.strategies import (
    Companion,
    Launcher,
    Strategy,
    check_launcher,
    check_processes,
)

__all__ = ["Distribution", "Launcher", "Strategy"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Strategy (what SageMaker's ``distribution`` key names), launcher and processes per node.

    ``launcher`` is how the processes are started on local nodes; None means the default of the
    strategy: mpirun for ``mpi``, otherwise the nursery. ``parameters`` are the strategy's own
    (``modelparallel``'s ``parameters``), ``mpi_options`` the tokens of ``custom_mpi_options``.
    ``combined_with`` is the second strategy of the dictionaries that hold two: ``mpi`` or
    ``torch_distributed`` beside a library of ``smdistributed``.
    """

    strategy: Strategy = "none"
    launcher: Launcher | None = None
    processes_per_node: int | None = None
    mpi_options: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    instance_groups: tuple[str, ...] = ()
    combined_with: Companion | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from ``dataclasses.asdict``'s form."""
        known: dict[str, Any] = {k: data[k] for k in cls.__dataclass_fields__ if k in data}
        for name in ("mpi_options", "instance_groups"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)

    @classmethod
    def from_sagemaker(cls, distribution: Mapping[str, Any]) -> Self:
        """Read SageMaker's ``distribution`` dictionary. Raises DistributionError."""
        return cls(**parse_distribution(distribution))

    @classmethod
    def from_arguments(
        cls,
        distribution: Mapping[str, Any] | Self | None,
        *,
        processes_per_node: int | None = None,
        launcher: Launcher | None = None,
    ) -> Self:
        """Read an Estimator's ``distribution``, ``processes_per_node`` and ``launcher``.

        Without a distribution, the two other keywords choose one: ``processes_per_node`` means
        torchrun's variables (``torch_distributed``), ``launcher="mpirun"`` means ``mpi``, and with
        neither there is one plain process per node, as on SageMaker. Raises DistributionError when
        they contradict each other.
        """
        given = cls._given(distribution)
        merged = replace(
            given,
            launcher=_agree("launcher", given.launcher, check_launcher(launcher)),
            processes_per_node=_agree(
                "processes_per_node",
                given.processes_per_node,
                check_processes(processes_per_node, "processes_per_node"),
            ),
        )
        chosen = merged if given.strategy != "none" else replace(merged, strategy=_implied(merged))
        _check_launcher_of(chosen)
        return chosen

    @property
    def started_by_mpi(self) -> bool:
        """Whether scripts look for Open MPI's variables instead of torchrun's."""
        return "mpi" in (self.strategy, self.combined_with)

    def to_sagemaker(self) -> dict[str, Any]:
        """Return the dictionary that :meth:`from_sagemaker` reads."""
        return write_distribution(
            {
                "strategy": self.strategy,
                "launcher": self.launcher,
                "processes_per_node": self.processes_per_node,
                "mpi_options": self.mpi_options,
                "parameters": self.parameters,
                "instance_groups": self.instance_groups,
                "combined_with": self.combined_with,
            }
        )

    @classmethod
    def _given(cls, distribution: Mapping[str, Any] | Self | None) -> Self:
        if isinstance(distribution, Distribution):
            return cls(**{f.name: getattr(distribution, f.name) for f in fields(distribution)})
        return cls() if distribution is None else cls.from_sagemaker(distribution)


def _agree(name: str, inside: _T | None, outside: _T | None) -> _T | None:
    if inside is not None and outside is not None and inside != outside:
        raise DistributionError(
            f"{name}={outside!r} and distribution's own {inside!r} disagree; give one of them",
            argument=name,
        )
    return inside if outside is None else outside


def _implied(merged: Distribution) -> Strategy:
    if merged.launcher == "mpirun":
        return "mpi"
    if merged.launcher == "torchrun" or merged.processes_per_node is not None:
        return "torch_distributed"
    return "none"


def _check_launcher_of(chosen: Distribution) -> None:
    strategy, launcher = chosen.strategy, chosen.launcher
    if strategy == "mpi" and launcher not in (None, "mpirun"):
        reason = f"launcher={launcher!r} cannot start mpi processes; leave it out or say 'mpirun'"
    elif strategy == "modelparallel" and launcher == "torchrun" and chosen.started_by_mpi:
        reason = (
            "launcher='torchrun' gives RANK and WORLD_SIZE, which smdistributed.modelparallel with "
            "mpi must not see; leave launcher out or say 'nursery', 'python' or 'mpirun'"
        )
    elif strategy in ("torch_distributed", "pytorchddp") and launcher == "mpirun":
        reason = (
            f"launcher='mpirun' gives no RANK and WORLD_SIZE, which {strategy} scripts read; use "
            "'nursery', 'torchrun' or 'python', or distribution={'mpi': {'enabled': True}}"
        )
    else:
        return
    raise DistributionError(reason, argument="launcher")
