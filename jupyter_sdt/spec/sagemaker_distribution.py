"""SageMaker's ``distribution={...}`` dictionary, in and out.

https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/sagemaker.pytorch.html. Two keys are
ours: ``launcher`` beside the strategies, and ``processes_per_node`` inside those that have no
``processes_per_host``.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.model_parallel_parameters import Version, read_parameters
from jupyter_sdt.spec.strategies import (
    OPTIONS,
    SMDISTRIBUTED,
    Companion,
    DistributionFields,
    Strategy,
    check_launcher,
    check_processes,
    group_name,
    refuse_unknown,
)

_PLAIN = tuple(name for name in OPTIONS if name not in SMDISTRIBUTED.values())

_KEYS = ("smdistributed", *_PLAIN, "instance_groups", "launcher")
# The pairs that mean something together: the first is the strategy, the second starts it.
_PAIRS: dict[frozenset[str], tuple[Strategy, Companion]] = {
    frozenset(("modelparallel", "mpi")): ("modelparallel", "mpi"),
    frozenset(("modelparallel", "torch_distributed")): ("modelparallel", "torch_distributed"),
    frozenset(("smdataparallel", "torch_distributed")): ("smdataparallel", "torch_distributed"),
}


def parse_distribution(value: object) -> DistributionFields:
    """Read a ``distribution`` dictionary; it is not changed.

    ``{"enabled": False}`` means that the strategy is not there. Raises DistributionError naming
    the key for everything SageMaker refuses, and for what it accepts but ignores.
    """
    given = _dictionary(value, "distribution")
    refuse_unknown(given, _KEYS, "distribution")
    enabled = _enabled(given)
    strategy, companion = _choose(tuple(enabled))
    fields: DistributionFields = {
        "strategy": strategy,
        "launcher": check_launcher(given.get("launcher")),
        "processes_per_node": _processes(enabled),
        "mpi_options": _mpi_options(enabled),
        "instance_groups": _instance_groups(given.get("instance_groups", ())),
        "combined_with": companion,
    }
    if strategy == "modelparallel":
        version: Version = 2 if companion == "torch_distributed" else 1
        fields["parameters"] = read_parameters(enabled[strategy].get("parameters", {}), version)
    return fields


def write_distribution(fields: DistributionFields) -> dict[str, Any]:
    """Return the dictionary that :func:`parse_distribution` turns into ``fields``."""
    written: dict[str, Any] = {}
    strategy, companion = fields.get("strategy", "none"), fields.get("combined_with")
    for name in (strategy, companion):
        if name is not None and name != "none":
            _put(written, name, _written_options(name, fields))
    if groups := fields.get("instance_groups"):
        written["instance_groups"] = list(groups)
    if launcher := fields.get("launcher"):
        written["launcher"] = launcher
    return written


def _dictionary(value: object, where: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    example: dict[str, Any] = {"enabled": True}
    if where == "distribution":
        example = {"torch_distributed": example}
    raise DistributionError(
        f"{where}={value!r} must be a dict such as {example}", argument="distribution"
    )


def _enabled(given: Mapping[str, Any]) -> dict[Strategy, Mapping[str, Any]]:
    """Strategy -> options of those that are switched on."""
    found: dict[Strategy, Mapping[str, Any]] = {}
    if "smdistributed" in given:
        libraries = _dictionary(given["smdistributed"], "smdistributed")
        refuse_unknown(libraries, SMDISTRIBUTED, "smdistributed")
        for key, options in libraries.items():
            _add_enabled(found, SMDISTRIBUTED[key], options, f"smdistributed.{key}")
    for name in _PLAIN:
        if name in given:
            _add_enabled(found, name, given[name], name)
    return found


def _add_enabled(
    found: dict[Strategy, Mapping[str, Any]], strategy: Strategy, value: object, where: str
) -> None:
    options = _dictionary(value, where)
    refuse_unknown(options, OPTIONS[strategy], where)
    if not isinstance(options.get("enabled"), bool):
        # SageMaker takes a missing "enabled" for False and drops the strategy without a word.
        raise DistributionError(
            f"{where}: 'enabled' is {options.get('enabled')!r}; say True or False",
            argument="distribution",
        )
    if options["enabled"]:
        found[strategy] = options


def _choose(enabled: tuple[Strategy, ...]) -> tuple[Strategy, Companion | None]:
    if pair := _PAIRS.get(frozenset(enabled)):
        return pair
    if {"smdataparallel", "modelparallel"} <= set(enabled):
        reason = "cannot use more than one smdistributed strategy: dataparallel and modelparallel"
    elif len(enabled) > 1:
        reason = f"{' and '.join(enabled)} cannot be enabled together; keep one"
    elif enabled == ("modelparallel",):
        reason = (
            "smdistributed.modelparallel does nothing alone: add 'mpi': {'enabled': True, "
            "'processes_per_host': N}, or 'torch_distributed': {'enabled': True} for version 2"
        )
    else:
        return (enabled[0] if enabled else "none"), None
    raise DistributionError(f"distribution: {reason}", argument="distribution")


def _processes(enabled: Mapping[Strategy, Mapping[str, Any]]) -> int | None:
    given = {
        f"{strategy}.{key}": check_processes(options[key], key)
        for strategy, options in enabled.items()
        for key in ("processes_per_host", "processes_per_node")
        if options.get(key) is not None
    }
    if len(set(given.values())) > 1:
        both = " and ".join(f"{name}={value}" for name, value in given.items())
        raise DistributionError(f"distribution: {both} disagree", argument="distribution")
    return next(iter(given.values()), None)


def _mpi_options(enabled: Mapping[Strategy, Mapping[str, Any]]) -> tuple[str, ...]:
    text = next(
        (o["custom_mpi_options"] for o in enabled.values() if "custom_mpi_options" in o), ""
    )
    try:
        return tuple(shlex.split(text))
    except (ValueError, AttributeError, TypeError) as error:
        raise DistributionError(
            f"custom_mpi_options={text!r} must be one string of mpirun options: {error}",
            argument="distribution",
        ) from None


def _instance_groups(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise DistributionError(
            f"distribution: instance_groups={value!r} must be a list", argument="distribution"
        )
    return tuple(group_name(group) for group in value)


def _written_options(strategy: Strategy, fields: DistributionFields) -> dict[str, Any]:
    values: dict[str, Any] = {"enabled": True}
    allowed = OPTIONS[strategy]
    # With mpi beside modelparallel, SageMaker wants the number of processes in mpi's dictionary.
    holder = "mpi" if fields.get("combined_with") == "mpi" else fields.get("strategy")
    key = "processes_per_host" if holder == "mpi" else "processes_per_node"
    if (processes := fields.get("processes_per_node")) and holder == strategy and key in allowed:
        values[key] = processes
    if fields.get("mpi_options") and "custom_mpi_options" in allowed:
        values["custom_mpi_options"] = shlex.join(fields["mpi_options"])
    if fields.get("parameters") and "parameters" in allowed:
        values["parameters"] = dict(fields["parameters"])
    return values


def _put(written: dict[str, Any], strategy: Strategy, options: dict[str, Any]) -> None:
    library = next((key for key, name in SMDISTRIBUTED.items() if name == strategy), None)
    if library is None:
        written[strategy] = options
    else:
        written["smdistributed"] = {library: options}
