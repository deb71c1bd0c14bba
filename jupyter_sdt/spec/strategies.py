"""The words of a distribution: strategies, launchers, and the options of each strategy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, cast, get_args

from jupyter_sdt.errors import DistributionError, did_you_mean

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
Companion = Literal["mpi", "torch_distributed"]


class DistributionFields(TypedDict, total=False):
    """The fields of a Distribution; what is left out has its default."""

    strategy: Strategy
    launcher: Launcher | None
    processes_per_node: int | None
    mpi_options: tuple[str, ...]
    parameters: Mapping[str, Any]
    instance_groups: tuple[str, ...]
    combined_with: Companion | None


SMDISTRIBUTED: dict[str, Strategy] = {
    "dataparallel": "smdataparallel",
    "modelparallel": "modelparallel",
}
# Strategies whose scripts run once on each node, without a rank among all.
RANKLESS: tuple[Strategy, ...] = ("none", "parameter_server", "multi_worker_mirrored_strategy")
# What may stand in each strategy's own dictionary.
OPTIONS: dict[Strategy, tuple[str, ...]] = {
    "torch_distributed": ("enabled", "processes_per_node"),
    "pytorchddp": ("enabled", "processes_per_node", "custom_mpi_options"),
    "smdataparallel": ("enabled", "processes_per_node", "custom_mpi_options"),
    "modelparallel": ("enabled", "processes_per_node", "parameters"),
    "mpi": ("enabled", "processes_per_host", "custom_mpi_options"),
    "parameter_server": ("enabled",),
    "multi_worker_mirrored_strategy": ("enabled",),
    "pytorchxla": ("enabled",),
}


def check_launcher(value: object) -> Launcher | None:
    """Return ``value`` when it names a launcher or is None. Raises DistributionError."""
    known = get_args(Launcher)
    if value is None or value in known:
        return cast("Launcher | None", value)
    hint = did_you_mean(str(value), known)
    raise DistributionError(
        f"launcher={value!r} is not one of {', '.join(known)}{hint}", argument="launcher"
    )


def check_processes(value: object, name: str) -> int | None:
    """Return a number of processes, or None. Raises DistributionError."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise DistributionError(
        f"{name}={value!r} must be a positive integer: the processes on each node",
        argument=name,
    )


def refuse_unknown(given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise DistributionError for the first key of ``given`` that is not among ``known``."""
    for key in given:
        if key not in (words := tuple(known)):
            hint = did_you_mean(str(key), words) or f"; known: {', '.join(words)}"
            raise DistributionError(f"{where}: unknown key {key!r}{hint}", argument="distribution")


def group_name(group: object) -> str:
    """Return the name of an instance group: a name, a dict, or SageMaker's ``InstanceGroup``."""
    if isinstance(group, Mapping):
        name = group.get("instance_group_name")
    else:
        name = getattr(group, "instance_group_name", group)
    if isinstance(name, str) and name:
        return name
    raise DistributionError(
        f"instance_groups: {group!r} has no instance_group_name", argument="instance_groups"
    )
