"""--distribution pipeline=2,tensor=2."""

from __future__ import annotations

import pytest

from jupyter_sdt.cells.arguments import parse_arguments
from jupyter_sdt.cells.degrees import read_degrees, write_degrees
from jupyter_sdt.cells.flag_line import write_line
from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.distribution import Distribution

SAMPLES = [
    ("pipeline=2", {"pipeline_parallel_degree": 2}),
    ("pipeline=2,tensor=2", {"pipeline_parallel_degree": 2, "tensor_parallel_degree": 2}),
    ("pipeline=4,microbatches=8", {"pipeline_parallel_degree": 4, "microbatches": 8}),
    ("shard=2", {"sharded_data_parallel_degree": 2}),
]


@pytest.mark.parametrize(("text", "parameters"), SAMPLES)
def test_degrees_are_parameters_of_model_parallelism_beside_data_parallelism(text, parameters):
    given = parse_arguments(f"--distribution {text}", {}).estimator["distribution"]
    distribution = Distribution.from_sagemaker(given)
    assert distribution.strategy == "modelparallel"
    assert distribution.parameters == {**parameters, "ddp": True}


@pytest.mark.parametrize(("text", "_"), SAMPLES)
def test_a_line_that_is_written_back_says_it_the_same_way(text, _):
    distribution = read_degrees(text)
    assert write_degrees(distribution) == text
    assert write_line({"distribution": distribution}) == f"%%sdt_train --distribution {text}"


def test_spaces_do_not_matter():
    assert read_degrees("pipeline = 2 , tensor=2") == read_degrees("pipeline=2,tensor=2")


@pytest.mark.parametrize(
    "other",
    [
        {"mpi": {"enabled": True}},
        {"smdistributed": {"modelparallel": {"enabled": True}}, "mpi": {"enabled": True}},
        {"smdistributed": {"modelparallel": {"enabled": True, "parameters": {"ddp": True}}}},
        {
            "smdistributed": {
                "modelparallel": {
                    "enabled": True,
                    "parameters": {"pipeline_parallel_degree": 2, "ddp": True, "fp16": True},
                }
            },
            "mpi": {"enabled": True},
        },
        3,
    ],
)
def test_what_says_more_or_less_than_degrees_is_not_written_as_degrees(other):
    assert write_degrees(other) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pipelin=2", "'pipelin' is none of pipeline, tensor.*did you mean 'pipeline'"),
        ("pipeline=two", "pipeline='two' must be a whole number of at least 1"),
        ("pipeline=0", "pipeline='0' must be a whole number of at least 1"),
        ("pipeline=", "pipeline='' must be a whole number"),
        ("pipeline=2,pipeline=4", "pipeline is given twice"),
        ("pipeline=2,", "'' is none of pipeline"),
    ],
)
def test_mistakes_are_told_by_their_word(text, reason):
    with pytest.raises(SpecError, match=f"--distribution {text}: {reason}"):
        parse_arguments(f"--distribution {text}", {})
