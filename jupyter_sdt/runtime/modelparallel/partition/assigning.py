"""From a model to its stages, in the way that the parameters ask for."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

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
    undivided: Collection[nn.Module] = (),
) -> Assignment:
    """Give every module of ``model`` the stage, 0 to ``stages - 1``, that runs it.

    ``costs`` are those of :func:`measure_costs`, rank 0's on all ranks; without them they are
    estimated from the parameters. With ``auto_partition`` the stages are contiguous in the order of
    calls and their costs nearly equal: ``memory_weight`` 1.0 balances memory alone, 0.0 time alone.
    Without it the marks of ``partition()`` and ``set_partition()`` decide, and
    ``default_partition`` where there is none. Each of the modules ``undivided`` is kept on one
    stage as far as an automatic partition stays nearly as even.

    Raises SpecError when the model cannot be divided as asked.
    """
    tree = read_tree(model)
    if auto_partition:
        whole = set(undivided)
        return assign_automatically(
            tree,
            stages,
            costs=costs,
            memory_weight=memory_weight,
            undivided={name for name, module in model.named_modules() if module in whole},
        )
    marks = read_marks(model)
    return assign_manually(tree, stages, marks, default_partition=default_partition, costs=costs)
