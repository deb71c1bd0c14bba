"""What a line means is written as a line that means the same."""

import pytest

from jupyter_sdt.cells.arguments import parse_arguments
from jupyter_sdt.cells.flag_line import write_line


def read_back(given):
    line = write_line(given)
    magic, _, flags = line.partition(" ")
    assert magic == "%%sdt_train"
    return parse_arguments(flags, {})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"processes_per_node": 4, "launcher": "torchrun", "instance_type": "local"},
        {"hyperparameters": {"lr": 0.1, "name": "a b'c", "on": True, "none": None, "l": [1, "x"]}},
        {"hyperparameters": {"number": "1", "true": "true", "dollar": "$x", "json": '{"a": 1}'}},
        {"hyperparameters": {"empty": "", "quotes": '"', "line": "a\nb"}},
        {"environment": {"WHO": "me = you"}, "max_run": 60, "hang_seconds": 2.5},
        {"metric_definitions": [{"Name": "loss", "Regex": r"loss=(\d+\.\d+)"}]},
        {"distribution": {"pytorchddp": {"enabled": True}}, "dependencies": ["a", "b"]},
        {"distribution": {"smdistributed": {"modelparallel": {"enabled": True}}}},
        {"use_spot_instances": True, "tags": [{"Key": "a", "Value": "b"}]},
    ],
)
def test_keywords_of_the_estimator_survive(given):
    assert read_back(given).estimator == given


def test_the_magics_own_settings_survive():
    found = read_back(
        {
            "job_name": "job-1",
            "inputs": {"training": "/data with blanks"},
            "variables_in": ("a", "b"),
            "variables_out": ("c",),
        }
    )
    assert (found.job_name, found.inputs) == ("job-1", {"training": "/data with blanks"})
    assert (found.variables_in, found.variables_out) == (("a", "b"), ("c",))
    assert found.estimator == {}


def test_what_people_write_is_written():
    line = write_line(
        {
            "distribution": {"mpi": {"enabled": True}},
            "hyperparameters": {"lr": 0.5, "opt": "adam"},
            "environment": {"KEY": "$KEY"},
        }
    )
    assert line == "%%sdt_train --distribution mpi --hp lr=0.5 --hp opt=adam --env 'KEY=$KEY'"


def test_what_is_empty_or_has_no_flag_is_left_out():
    given = {"launcher": None, "use_spot_instances": False, "tags": [], "sagemaker_session": 3}
    assert write_line(given) == "%%sdt_train"
