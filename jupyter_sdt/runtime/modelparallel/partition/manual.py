"""Partition by hand: marks that modules get when they are made, or afterwards."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.creation import on_creation
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment
from jupyter_sdt.runtime.modelparallel.partition.automatic import describe
from jupyter_sdt.runtime.modelparallel.partition.costs import Costs, estimate_costs, mix_costs
from jupyter_sdt.runtime.modelparallel.partition.nodes import Tree

_MARK = "_partition_index"


@contextmanager
def partition(index: int, *, partitions: int | None = None) -> Iterator[None]:
    """Mark all modules that are made in this context for stage ``index``; the innermost wins.

    The marks count where ``auto_partition`` is off. Raises SpecError for an index below 0 or,
    where the number of ``partitions`` is given, not below it.
    """
    check_index(index, partitions)
    with on_creation(lambda module: set_partition(module, index)):
        yield


def set_partition(module: nn.Module, index: int, *, partitions: int | None = None) -> None:
    """Mark ``module``, and with it all below it that has no mark of its own, for stage ``index``.

    Raises SpecError as :func:`partition` does.
    """
    # Not through nn.Module.__setattr__, which some classes override before their __init__ ran.
    object.__setattr__(module, _MARK, check_index(index, partitions))


def check_index(index: object, partitions: int | None, argument: str = "partition") -> int:
    """Return ``index`` if it is the number of a stage. Raises SpecError naming both numbers."""
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise SpecError(
            f"{argument}: index {index!r} must be an integer from 0 on", argument=argument
        )
    if partitions is not None and index >= partitions:
        raise SpecError(
            f"{argument}: index {index} must be less than partitions={partitions}: they count from "
            f"0 to {partitions - 1}",
            argument=argument,
        )
    return index


def read_marks(model: nn.Module) -> dict[str, int]:
    """Name -> stage of the modules that are marked."""
    found = {name: getattr(module, _MARK, None) for name, module in model.named_modules()}
    return {name: index for name, index in found.items() if index is not None}


def assign_manually(
    tree: Tree,
    stages: int,
    marks: Mapping[str, int],
    *,
    default_partition: int = 0,
    costs: Costs | None = None,
) -> Assignment:
    """Give marked modules their stage, others that of their parent, the root ``default_partition``.

    Modules that share parameters must be on one stage: a module without a mark of its own follows
    a marked one. Raises SpecError for marks that contradict that and for stages that do not exist;
    warns of stages that get nothing.
    """
    check_index(default_partition, stages, "default_partition")
    found: dict[str, int] = {}
    for node in tree.nodes:
        inherited = default_partition if node.parent is None else found[node.parent]
        index = marks.get(node.name, inherited)
        found[node.name] = check_index(index, stages, f"partition of module {node.name!r}")
    _unite(tree, found, marks)
    _warn_of_idle(found, stages)
    known = estimate_costs(tree) if costs is None else costs
    return describe(tree, stages, found, (known, mix_costs(tree, known, 1.0)))


def _unite(tree: Tree, found: dict[str, int], marks: Mapping[str, int]) -> None:
    """Check that modules which share parameters have one stage."""
    owner: dict[int, str] = {}
    for node in tree.nodes:
        for identity in node.parameters:
            first = owner.setdefault(identity, node.name)
            if found[first] == found[node.name]:
                continue
            if node.name not in marks:
                found[node.name] = found[first]
                continue
            raise SpecError(
                f"modules {first!r} and {node.name!r} share a parameter, but are on stages "
                f"{found[first]} and {found[node.name]}; put both on one with "
                f"set_partition(module, {found[first]})",
                argument="partition",
            )


def _warn_of_idle(found: Mapping[str, int], stages: int) -> None:
    idle = sorted(set(range(stages)) - set(found.values()))
    if idle:
        warnings.warn(
            f"no module is assigned to stage {', '.join(map(str, idle))} of partitions={stages}: "
            "its ranks will have nothing to do",
            stacklevel=4,
        )
