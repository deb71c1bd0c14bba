"""Where a job runs and how it is spread: instances, groups and distribution together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.estimator.keywords import DEFAULTS
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instances import Instance, find_instance
from jupyter_sdt.spec.model_parallel_parameters import model_parallel_layout
from jupyter_sdt.spec.strategies import group_name

# Strategies that SageMaker can restrict to one of several instance groups.
_GROUPED = ("mpi", "smdataparallel", "modelparallel", "torch_distributed", "pytorchddp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The instances that train, and the distribution over them.

    With ``instance_groups``, ``instance`` and ``instance_count`` are those of the group that the
    distribution runs on.
    """

    instance: Instance
    instance_count: int
    distribution: Distribution
    groups: tuple[Mapping[str, Any], ...] = ()


def read_placement(arguments: Mapping[str, Any]) -> Placement:
    """Read instance and distribution arguments. Raises SpecError or DistributionError."""
    distribution = Distribution.from_arguments(
        arguments.get("distribution"),
        processes_per_node=arguments.get("processes_per_node"),
        launcher=arguments.get("launcher"),
    )
    groups = tuple(_group(group) for group in arguments.get("instance_groups", ()))
    if groups:
        placement = _grouped(arguments, distribution, groups)
    else:
        placement = _homogeneous(arguments, distribution)
    _check_processes(placement)
    return placement


def _homogeneous(arguments: Mapping[str, Any], distribution: Distribution) -> Placement:
    if distribution.instance_groups:
        raise DistributionError(
            f"distribution: instance_groups={list(distribution.instance_groups)} names groups, "
            "but the estimator has no instance_groups",
            argument="instance_groups",
        )
    instance = find_instance(arguments.get("instance_type", DEFAULTS["instance_type"]))
    if "instance_type" not in arguments and "role" in arguments:
        # A role is only for SageMaker: where to run must not be guessed then.
        raise SpecError(
            "instance_type is missing: give 'ml.…', or 'local' to train on this machine",
            argument="instance_type",
        )
    if "instance_count" not in arguments and not instance.local:
        raise SpecError(f"instance_count is missing for {instance.name}", argument="instance_count")
    count = int(arguments.get("instance_count", DEFAULTS["instance_count"]))
    if instance.name == "local_gpu" and count > 1:
        raise SpecError(
            f"instance_count={count}: local_gpu is one node, since its GPUs cannot be shared out; "
            "use instance_count=1 with processes_per_node, or instance_type='local'",
            argument="instance_count",
        )
    return Placement(instance=instance, instance_count=count, distribution=distribution)


def _grouped(
    arguments: Mapping[str, Any],
    distribution: Distribution,
    groups: tuple[Mapping[str, Any], ...],
) -> Placement:
    for name in ("instance_type", "instance_count"):
        if name in arguments:
            raise SpecError(
                f"{name}={arguments[name]!r} and instance_groups cannot both be given; each group "
                "has its own",
                argument=name,
            )
    chosen = _choose_group(distribution, {str(g["instance_group_name"]): g for g in groups})
    name = str(chosen["instance_group_name"])
    spread = distribution.strategy != "none"
    return Placement(
        instance=find_instance(str(chosen["instance_type"])),
        instance_count=int(chosen["instance_count"]),
        distribution=replace(distribution, instance_groups=(name,)) if spread else distribution,
        groups=groups,
    )


def _choose_group(
    distribution: Distribution, known: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    names = distribution.instance_groups
    if len(names) > len(known):
        reason = f"{len(names)} groups are named, there are {len(known)}: {', '.join(known)}"
    elif unknown := [name for name in names if name not in known]:
        reason = f"unknown group {unknown[0]!r}; there are {', '.join(known)}"
    elif names and distribution.strategy not in _GROUPED:
        reason = f"{distribution.strategy} cannot be restricted to groups {list(names)}"
    elif distribution.strategy in _GROUPED and len(known) > 1 and len(names) != 1:
        reason = f"name exactly one of {', '.join(known)} to train on, not {len(names)}"
    else:
        return known[names[0]] if names else next(iter(known.values()))
    raise DistributionError(f"distribution: instance_groups: {reason}", argument="instance_groups")


def _group(given: object) -> Mapping[str, Any]:
    """One group as a plain dict, from a dict or SageMaker's ``InstanceGroup``."""
    fields = {"instance_group_name": group_name(given)}
    for name in ("instance_type", "instance_count"):
        value = given.get(name) if isinstance(given, Mapping) else getattr(given, name, None)
        if value is None:
            raise SpecError(f"instance_groups: {given!r} has no {name}", argument="instance_groups")
        fields[name] = value
    if find_instance(fields["instance_type"]).local:
        raise SpecError(
            f"instance_groups: {fields['instance_type']!r} has no groups; use instance_count",
            argument="instance_groups",
        )
    return fields


def _check_processes(placement: Placement) -> None:
    """Model parallelism needs a GPU for every process, and a world that its degrees divide."""
    distribution, instance = placement.distribution, placement.instance
    processes, accelerators = distribution.processes_per_node, instance.accelerators
    if distribution.strategy != "modelparallel" or processes is None:
        return
    if accelerators and processes > accelerators:
        raise DistributionError(
            f"processes_per_host={processes} is more than the {accelerators} accelerators of "
            f"{instance.name}",
            argument="processes_per_host",
        )
    if distribution.combined_with == "mpi":
        model_parallel_layout(distribution.parameters, placement.instance_count * processes)
