"""How many processes a divided model gets when nobody says."""

from __future__ import annotations

import pytest

from jupyter_sdt import Estimator
from jupyter_sdt.cells.degrees import read_degrees
from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.launch.node.devices import count_gpus


@pytest.mark.parametrize(
    ("degrees", "nodes", "processes"),
    [
        ("pipeline=2", 1, 2),
        ("pipeline=2,tensor=2", 1, 4),
        ("pipeline=2,tensor=2", 2, 2),
        ("pipeline=3", 2, 2),
        ("shard=2", 1, 2),
        ("microbatches=4", 1, 1),
    ],
)
def test_there_are_as_many_as_one_copy_of_the_model_needs(script, degrees, nodes, processes):
    distribution = read_degrees(degrees)
    estimator = Estimator(
        entry_point=script, instance_type="local", instance_count=nodes, distribution=distribution
    )
    spec = make_submission(estimator._arguments, estimator.framework, Request(seconds=1.0)).spec
    if count_gpus(spec) > 1:
        pytest.skip("with several GPUs each of them gets a process where that divides")
    assert spec.processes_per_node == processes


def test_a_number_that_is_given_counts(script):
    estimator = Estimator(
        entry_point=script, distribution=read_degrees("pipeline=2"), processes_per_node=4
    )
    spec = make_submission(estimator._arguments, estimator.framework, Request(seconds=1.0)).spec
    assert spec.world_size == 4
