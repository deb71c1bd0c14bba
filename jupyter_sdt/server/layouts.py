"""Which rank will sit where: its node, and its place on the data, pipeline and tensor axes."""

from __future__ import annotations

from typing import TypedDict

from jupyter_sdt.estimator import Estimator
from jupyter_sdt.estimator.placement import read_placement
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.layout import Layout
from jupyter_sdt.spec.model_parallel_parameters import model_parallel_layout


class Place(TypedDict):
    """Where a rank will sit; places on the axes count from 0."""

    rank: int
    node: str
    local_rank: int
    data_rank: int
    pipeline_rank: int
    tensor_rank: int


_PLACING = (
    *("instance_type", "instance_count", "instance_groups"),
    *("distribution", "processes_per_node", "launcher"),
)


def places(estimator: Estimator, plan: LaunchPlan) -> list[Place]:
    """Return the place of every rank of a plan.

    Raises SpecError or DistributionError when the degrees do not fit the number of ranks.
    """
    given = {name: getattr(estimator, name) for name in _PLACING}
    # An attribute that was not given has its default, which groups would not go with.
    groups = ("instance_type", "instance_count") if given["instance_groups"] else ()
    placement = read_placement(
        {name: value for name, value in given.items() if value is not None and name not in groups}
    )
    layout = _layout(placement.distribution, plan.world_size)
    size = max(1, plan.world_size // placement.instance_count)
    return [_place(layout, rank, size) for rank in range(plan.world_size)]


def _layout(distribution: Distribution, world_size: int) -> Layout:
    if distribution.strategy == "modelparallel":
        return model_parallel_layout(distribution.parameters, world_size)
    return Layout(data_parallel_size=world_size)


def _place(layout: Layout, rank: int, size: int) -> Place:
    at = layout.coordinate(rank)
    return Place(
        rank=rank,
        node=f"algo-{rank // size + 1}",
        local_rank=rank % size,
        data_rank=at.data_rank,
        pipeline_rank=at.pipeline_rank,
        tensor_rank=at.tensor_rank,
    )
