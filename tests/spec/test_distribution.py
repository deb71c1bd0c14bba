"""What ``distribution``, ``processes_per_node`` and ``launcher`` mean together."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.model_parallel_parameters import model_parallel_layout

MPI = {"mpi": {"enabled": True, "processes_per_host": 2}}
TORCH = {"torch_distributed": {"enabled": True}}


@pytest.mark.parametrize(
    ("keywords", "strategy"),
    [
        ({}, "none"),
        ({"processes_per_node": 2}, "torch_distributed"),
        ({"processes_per_node": 1}, "torch_distributed"),
        ({"launcher": "torchrun"}, "torch_distributed"),
        ({"launcher": "mpirun"}, "mpi"),
        ({"launcher": "python"}, "none"),
        ({"launcher": "nursery", "processes_per_node": 2}, "torch_distributed"),
    ],
)
def test_without_a_distribution_the_other_keywords_choose_one(keywords, strategy):
    chosen = Distribution.from_arguments(None, **keywords)
    assert chosen.strategy == strategy
    assert chosen.processes_per_node == keywords.get("processes_per_node")
    assert chosen.launcher == keywords.get("launcher")


def test_keywords_complete_a_distribution():
    chosen = Distribution.from_arguments(TORCH, processes_per_node=3, launcher="torchrun")
    assert chosen == Distribution(
        strategy="torch_distributed", processes_per_node=3, launcher="torchrun"
    )
    assert Distribution.from_arguments(MPI, processes_per_node=2).processes_per_node == 2


def test_a_distribution_object_is_accepted_too():
    given = Distribution(strategy="mpi", processes_per_node=2)
    assert Distribution.from_arguments(given, launcher="mpirun").launcher == "mpirun"
    assert given.launcher is None


@pytest.mark.parametrize(
    ("distribution", "keywords", "words"),
    [
        (MPI, {"processes_per_node": 4}, "processes_per_node=4 and distribution's own 2"),
        (MPI, {"launcher": "torchrun"}, "launcher='torchrun' cannot start mpi"),
        (TORCH, {"launcher": "mpirun"}, "gives no RANK"),
        (TORCH, {"launcher": "torchrn"}, "did you mean 'torchrun'?"),
        (None, {"processes_per_node": 0}, "processes_per_node=0 must be a positive"),
        (None, {"processes_per_node": "2"}, "processes_per_node='2' must be a positive"),
        (
            {**TORCH, "launcher": "python"},
            {"launcher": "nursery"},
            "launcher='nursery' and distribution's own 'python'",
        ),
    ],
)
def test_contradictions_are_refused(distribution, keywords, words):
    with pytest.raises(DistributionError) as caught:
        Distribution.from_arguments(distribution, **keywords)
    assert words in str(caught.value)


def test_json_keeps_everything():
    given = Distribution(
        strategy="modelparallel",
        combined_with="mpi",
        processes_per_node=8,
        mpi_options=("-x", "A=1"),
        parameters={"partitions": 2},
        instance_groups=("gpus",),
        launcher="mpirun",
    )
    assert Distribution.from_json(json.loads(json.dumps(asdict(given)))) == given


def test_json_of_an_older_version_is_read():
    assert Distribution.from_json({"strategy": "mpi"}) == Distribution(strategy="mpi")


def test_parameters_become_a_layout():
    layout = model_parallel_layout(
        {
            "pipeline_parallel_degree": 2,
            "tensor_parallel_degree": 2,
            "placement_strategy": "spread",
        },
        8,
    )
    sizes = (layout.data_parallel_size, layout.pipeline_parallel_size, layout.tensor_parallel_size)
    assert sizes == (2, 2, 2)
    assert layout.placement == "spread"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"partitions": 4}, r"6 processes .* not a multiple of partitions=4 x .* = 4; the nearest"),
        ({"sharded_data_parallel_degree": 4}, r"=6 \(of 6 ranks\); use 3"),
    ],
)
def test_degrees_that_do_not_fit_the_world_are_refused(parameters, words):
    with pytest.raises(DistributionError, match=words):
        model_parallel_layout(parameters, 6)
