"""The automatic partition: contiguous stages of nearly equal cost.

The cost of a module mixes memory and time as in the paper of SageMaker's library
(https://arxiv.org/abs/2111.05972, section 3). The paper walks down the tree and hands out devices
level by level; here the modules are cut in the order in which they run, over all levels at once,
which is never worse: a level with few uneven children no longer decides for all below it. That
modules stay undivided where it costs nothing is a matter of the penalties of a cut.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise, takewhile

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment, Placement
from jupyter_sdt.runtime.modelparallel.partition.costs import Costs, estimate_costs, mix_costs
from jupyter_sdt.runtime.modelparallel.partition.cuts import Cut, cut_evenly
from jupyter_sdt.runtime.modelparallel.partition.nodes import Node, Tree
from jupyter_sdt.runtime.modelparallel.partition.units import Unit, list_units

# How much dearer than in the best cut the most expensive stage may be, tried in turn, where that
# keeps more of the modules whole that shall be. Blocks of small models need the last: with 3 on a
# stage, an even cut is 1/6 away from their ends.
_SLACKS_FOR_UNDIVIDED = (0.1, 0.2)


def assign_automatically(
    tree: Tree,
    stages: int,
    *,
    costs: Costs | None = None,
    memory_weight: float = 0.8,
    undivided: Collection[str] = (),
) -> Assignment:
    """Give every module of ``tree`` a stage from 0 to ``stages - 1``; each stage gets something.

    Without ``costs`` they are estimated. Modules named in ``undivided`` are each kept on one stage
    where the most expensive stage is then at most 20 % above the best cut's. The result depends on
    the arguments alone, so that all ranks find the same from one set of costs. Raises SpecError for
    a number of stages below 1 or above the number of pieces that the model has, and for a wrong
    ``memory_weight``.
    """
    known = estimate_costs(tree) if costs is None else costs
    shares = mix_costs(tree, known, memory_weight)
    units = list_units(tree, known, shares)
    _check_stages(stages, len(units))
    starts = _cut(units, stages, undivided)
    stage_of = {
        module: stage
        for stage, (start, end) in enumerate(pairwise((0, *starts, len(units))))
        for unit in units[start:end]
        for module in unit.modules
    }
    return describe(tree, stages, stage_of, (known, shares))


def describe(
    tree: Tree, stages: int, stage_of: Mapping[str, int], costs: tuple[Costs, Mapping[str, float]]
) -> Assignment:
    """The Assignment of stages found in any way; ``costs`` are measured ones and shares."""
    rows = []
    for node in tree.nodes:
        rows.append(_placement(tree, node, stage_of[node.name], costs))
        rows += [
            Placement(name=alias, stage=stage_of[node.name], parameters_bytes=0, cost=0.0)
            for alias in node.aliases
        ]
    return Assignment(stages=stages, modules=tuple(rows))


def _placement(
    tree: Tree, node: Node, stage: int, costs: tuple[Costs, Mapping[str, float]]
) -> Placement:
    known, shares = costs
    measured = known.modules.get(node.name)
    return Placement(
        name=node.name,
        stage=stage,
        parameters_bytes=tree.parameter_bytes[node.name],
        cost=shares[node.name],
        activation_bytes=0 if measured is None else measured.activation_bytes,
        recomputed_bytes=0 if measured is None else measured.recomputed_bytes,
    )


def _cut(units: Sequence[Unit], stages: int, undivided: Collection[str]) -> Cut:
    """Where stages begin. A module that is divided calls from stage to stage: the fewer."""
    costs, divided = [unit.cost for unit in units], [(), *map(_shared, units, units[1:])]
    wanted = [set(names).intersection(undivided) for names in divided]
    penalties = [float(len(names)) for names in divided]
    weight = 1.0 + sum(penalties)  # one that shall stay whole counts more than all others together
    preferred = [weight * len(w) + p for w, p in zip(wanted, penalties, strict=True)]

    def lost(cut: Cut) -> int:
        return len({name for start in cut for name in wanted[start]})

    found = cut_evenly(costs, preferred, stages)
    for slack in _SLACKS_FOR_UNDIVIDED:
        if not lost(found):
            break
        found = min(found, cut_evenly(costs, preferred, stages, slack), key=lost)
    return found


def _shared(before: Unit, after: Unit) -> tuple[str, ...]:
    """The modules that a boundary between these two divides, outermost first."""
    around = zip((*before.callers, before.home), after.callers, strict=False)
    return tuple(name for name, _ in takewhile(lambda pair: pair[0] == pair[1], around))


def _check_stages(stages: int, pieces: int) -> None:
    if stages < 1:
        raise SpecError(f"partitions={stages} must be at least 1", argument="partitions")
    if stages > pieces:
        raise SpecError(
            f"partitions={stages} is more than the {pieces} pieces that this model can be divided "
            f"into (modules with parameters that no other shares); use partitions={pieces} or "
            "fewer",
            argument="partitions",
        )
