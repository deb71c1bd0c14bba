"""Which rank sits where, for every way of spreading a job."""

import pytest

from jupyter_sdt.errors import SdtError
from jupyter_sdt.estimator import Estimator
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.server.layouts import places


def layout(world_size, **arguments):
    estimator = Estimator(entry_point="a.py", instance_type="local", **arguments)
    plan = LaunchPlan(job_name="a", launcher="nursery", world_size=world_size)
    return places(estimator, plan)


def parameters(**given):
    sharded = {"modelparallel": {"enabled": True, "parameters": {"ddp": True, **given}}}
    return {"smdistributed": sharded, "mpi": {"enabled": True}}


def axes(found):
    return [(p["data_rank"], p["pipeline_rank"], p["tensor_rank"]) for p in found]


def test_data_parallel_ranks_fill_one_node_after_the_other():
    found = layout(4, processes_per_node=2, instance_count=2)
    assert [(p["rank"], p["node"], p["local_rank"]) for p in found] == [
        *((0, "algo-1", 0), (1, "algo-1", 1), (2, "algo-2", 0), (3, "algo-2", 1)),
    ]
    assert axes(found) == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)]


def test_tensor_peers_sit_beside_each_other_and_stages_apart():
    degrees = parameters(pipeline_parallel_degree=2, tensor_parallel_degree=2)
    found = layout(4, processes_per_node=2, instance_count=2, distribution=degrees)
    assert axes(found) == [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)]


def test_spread_puts_replicas_beside_each_other():
    spread = parameters(tensor_parallel_degree=2, placement_strategy="spread")
    assert axes(layout(4, processes_per_node=4, distribution=spread)) == [
        *((0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1)),
    ]


def test_degrees_that_do_not_fit_are_refused_with_both_numbers():
    degrees = parameters(pipeline_parallel_degree=3)
    with pytest.raises(SdtError, match=r"4 .* not a multiple of .* 3"):
        layout(4, processes_per_node=4, distribution=degrees)


def test_ranks_of_instance_groups_sit_on_the_chosen_group():
    groups = [
        {"instance_group_name": "small", "instance_type": "ml.c5.xlarge", "instance_count": 1},
        {"instance_group_name": "large", "instance_type": "ml.g5.12xlarge", "instance_count": 2},
    ]
    estimator = Estimator(
        entry_point="a.py",
        role="arn:aws:iam::123456789012:role/R",
        image_uri="image",
        instance_groups=groups,
        distribution={"torch_distributed": {"enabled": True}, "instance_groups": ["large"]},
    )
    found = places(estimator, LaunchPlan(job_name="a", launcher="sagemaker", world_size=8))
    assert [p["node"] for p in found] == ["algo-1"] * 4 + ["algo-2"] * 4
