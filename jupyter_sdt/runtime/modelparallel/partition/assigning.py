"""From a model to its stages, in the way that the parameters ask for."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment
from jupyter_sdt.runtime.modelparallel.partition.automatic import assign_automatically
from jupyter_sdt.runtime.modelparallel.partition.costs import Costs
from jupyter_sdt.runtime.modelparallel.partition.manual import assign_manually, read_marks
from jupyter_sdt.runtime.modelparallel.partition.tree import read_tree


def assign_stages(
    model: nn.Module,
    stages: int,
    *,
    costs: Costs | None = None,
    memory_weight: float = 0.8,
    auto_partition: bool = True,
    default_partition: int = 0,
    restore: Mapping[str, int] | None = None,
) -> Assignment:
    """Give every module of ``model`` the stage, 0 to ``stages - 1``, that runs it.

    ``costs`` are those of :func:`measure_costs`, rank 0's on all ranks; without them they are
    estimated from the parameters. With ``auto_partition`` the stages are contiguous in the order of
    calls and their costs nearly equal: ``memory_weight`` 1.0 balances memory alone, 0.0 time alone.
    Without it the marks of ``partition()`` and ``set_partition()`` decide, and
    ``default_partition`` where there is none. ``restore``, the ``stage_of`` of an earlier
    assignment, goes before both.

    Raises SpecError when the model cannot be divided as asked.
    """
    tree = read_tree(model)
    if restore is not None:
        _check_names(restore, [node.name for node in tree.nodes])
        return assign_manually(tree, stages, restore, costs=costs)
    if auto_partition:
        return assign_automatically(tree, stages, costs=costs, memory_weight=memory_weight)
    marks = read_marks(model)
    return assign_manually(tree, stages, marks, default_partition=default_partition, costs=costs)


def _check_names(restore: Mapping[str, int], names: list[str]) -> None:
    missing = [name for name in names if name not in restore]
    if missing:
        raise SpecError(
            f"the partition to restore says nothing of module {missing[0]!r} and {len(missing) - 1}"
            f" more of this model's {len(names)}; it was made for another model",
            argument="partition_file",
        )
