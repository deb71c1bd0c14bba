"""What smp.init(config) and the launcher say together."""

import json

import pytest

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.parameters import Parameters, read


def launched(**values):
    return {"SM_HP_MP_PARAMETERS": json.dumps(values)}


def test_defaults_are_the_documented_ones():
    plain = read(environ={}, arguments=[])
    assert plain == Parameters()
    assert (plain.partitions, plain.microbatches, plain.pipeline) == (1, 1, "interleaved")
    assert (plain.placement_strategy, plain.memory_weight) == ("cluster", 0.8)
    assert read({"optimize": "speed"}, {}, []).memory_weight == 0.2
    assert read({"partitions": 4}, {}, []).active_microbatches == 6


def test_partitions_and_pipeline_parallel_degree_are_one_setting():
    for name in ("partitions", "pipeline_parallel_degree"):
        found = read({name: 2}, {}, [])
        assert found.partitions == found.pipeline_parallel_degree == 2


def test_the_launchers_values_override_the_scripts_key_by_key():
    config = {"partitions": 4, "microbatches": 8, "ddp": True}
    found = read(config, launched(pipeline_parallel_degree=2, microbatches=3), [])
    assert (found.partitions, found.microbatches, found.ddp) == (2, 3, True)


PAIRS = "ddp=True,memory_weight=0.3,partitions=2,pipeline=simple"
TEXT = '{"ddp": true, "memory_weight": 0.3, "partitions": 2, "pipeline": "simple"}'


@pytest.mark.parametrize(
    "arguments", [["train.py", "--mp_parameters", PAIRS], ["train.py", f"--mp_parameters={TEXT}"]]
)
def test_without_the_variable_the_command_line_is_read(arguments):
    found = read(None, {}, arguments)
    assert (found.ddp, found.memory_weight, found.partitions) == (True, 0.3, 2)
    assert found.pipeline == "simple"


def test_the_variable_comes_before_the_command_line():
    found = read(None, launched(partitions=2), ["train.py", "--mp_parameters", "partitions=4"])
    assert found.partitions == 2


def test_an_unknown_key_warns_and_is_kept():
    with pytest.warns(UserWarning, match="unknown parameter 'turbo_mode'"):
        found = read({"turbo_mode": 7}, {}, [])
    assert found.more == {"turbo_mode": 7}


def test_undocumented_keys_of_published_scripts_are_accepted_silently():
    found = read({"overlapping_allreduce": True, "_match_weights": True}, {}, [])
    assert found.more == {"overlapping_allreduce": True, "_match_weights": True}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"partitions": 0}, "partitions=0 must be a positive integer"),
        ({"microbatchs": 2}, "did you mean 'microbatches'"),
        ({"tensor_parallel_degree": 2}, "needs 'ddp': True"),
        ("partitions=2", "config='partitions=2'"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(config, words):
    with pytest.raises(DistributionError, match=words):
        read(config, {}, [])


@pytest.mark.parametrize("text", ["[1]", "partitions"])
def test_a_launcher_that_says_nonsense_is_quoted(text):
    with pytest.raises(DistributionError, match="mp_parameters="):
        read(None, {"SM_HP_MP_PARAMETERS": text}, [])
