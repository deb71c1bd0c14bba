from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import Jobs, ranks

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.node.hyperparameters import (
    encoded_hyperparameters,
    framework_parameters,
    hyperparameter_arguments,
    user_hyperparameters,
)

GIVEN = {
    "lr": 0.1,
    "flag": True,
    "list": [1, 2],
    "dict": {"b": {"c": 1}, "a": "x"},
    "k": 3,
}


@pytest.mark.parametrize(
    ("style", "pairs"),
    [
        (
            "sagemaker",
            ["--dict a=x,b={'c': 1}", "--flag True", "-k 3", "--list [1, 2]", "--lr 0.1"],
        ),
        (
            "json",
            [
                "--lr 0.1",
                "--flag true",
                "--list [1, 2]",
                '--dict {"b": {"c": 1}, "a": "x"}',
                "--k 3",
            ],
        ),
        (
            "switch",
            ["--dict a=x,b={'c': 1}", "--flag", "-k 3", "--list [1, 2]", "--lr 0.1"],
        ),
    ],
)
def test_each_style_writes_every_kind_of_value_by_its_rule(
    jobs: Jobs, style: str, pairs: list[str]
) -> None:
    spec = jobs.spec(hyperparameters=GIVEN, hyperparameter_style=style)
    words = [word for pair in pairs for word in pair.split(" ", maxsplit=1)]
    assert list(hyperparameter_arguments(spec)) == words


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("sagemaker", ("--none", "", "--quiet", "False")),
        ("json", ("--quiet", "false", "--none", "null")),
        ("switch", ()),
    ],
)
def test_none_and_false_are_written_by_each_styles_rule(
    jobs: Jobs, style: str, words: tuple[str, ...]
) -> None:
    given = {"quiet": False, "none": None}
    spec = jobs.spec(hyperparameters=given, hyperparameter_style=style)
    assert hyperparameter_arguments(spec) == words


@pytest.mark.parametrize(("style", "rest"), [("sagemaker", ()), ("json", ("",)), ("switch", ("",))])
def test_an_empty_string_is_a_bare_switch_in_sagemakers_style(
    jobs: Jobs, style: str, rest: tuple[str, ...]
) -> None:
    spec = jobs.spec(hyperparameters={"skip-test": ""}, hyperparameter_style=style)
    assert hyperparameter_arguments(spec) == ("--skip-test", *rest)


@pytest.mark.parametrize("style", ["sagemaker", "json", "switch"])
def test_hostile_values_arrive_in_a_process_as_they_were_given(jobs: Jobs, style: str) -> None:
    hostile = [
        "a b",
        "it's",
        '"quoted"',
        "$HOME",
        "x; exit 3",
        "`id`",
        "line\nline",
        "ünï",
        "*",
    ]
    spec = jobs.spec(
        hyperparameters={f"name{i}": value for i, value in enumerate(hostile)},
        hyperparameter_style=style,
    )
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *hyperparameter_arguments(spec)]
    received = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert received[1::2] == hostile


def test_a_tuple_becomes_a_list_and_keys_become_strings_as_on_their_way_through_a_service(
    jobs: Jobs,
) -> None:
    spec = jobs.spec(hyperparameters={"sizes": (1, 2), "map": {1: True}})
    assert user_hyperparameters(spec) == {"sizes": [1, 2], "map": {"1": True}}
    assert hyperparameter_arguments(spec) == ("--map", "1=True", "--sizes", "[1, 2]")


def test_reserved_names_do_not_reach_the_script(jobs: Jobs) -> None:
    given = {"sagemaker_mine": 1, "sagemaker_region": "x", "_tuning_objective_metric": "m", "a": 2}
    spec = jobs.spec(hyperparameters=given)
    assert hyperparameter_arguments(spec) == ("-a", "2")
    assert framework_parameters(spec) == {"sagemaker_mine": 1}


def test_the_distribution_shows_in_the_framework_parameters(jobs: Jobs) -> None:
    torch = jobs.spec(distribution=ranks(2))
    assert framework_parameters(torch) == {
        "sagemaker_torch_distributed_enabled": True,
        "sagemaker_instance_type": "local",
    }
    assert framework_parameters(jobs.spec(distribution=ranks(2, strategy="mpi"))) == {
        "sagemaker_mpi_enabled": True,
        "sagemaker_mpi_num_of_processes_per_host": 2,
        "sagemaker_mpi_custom_mpi_options": "",
    }


def test_the_file_holds_one_json_text_per_name(jobs: Jobs) -> None:
    encoded = encoded_hyperparameters(jobs.spec(hyperparameters={"a": "10", "b": 10, "c": None}))
    assert (encoded["a"], encoded["b"], encoded["c"]) == ('"10"', "10", "null")
    assert encoded["sagemaker_program"] == '"entry_point.py"'
    assert encoded["sagemaker_container_log_level"] == "20"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"net": {1, 2}}, "hyperparameters['net'] = {1, 2} cannot be written as JSON"),
        ({"a=b": 1}, "hyperparameters: 'a=b' cannot be a name"),
        ({"": 1}, "hyperparameters: '' cannot be a name"),
        ({"text": "a\0b"}, "hyperparameters['text'] holds a NUL character"),
        ({"deep": {"x": "a\0b"}}, "hyperparameters['deep'] holds a NUL character"),
    ],
)
def test_what_no_command_line_can_carry_is_refused_by_name(
    jobs: Jobs, given: dict[str, object], words: str
) -> None:
    with pytest.raises(SpecError) as caught:
        hyperparameter_arguments(jobs.spec(hyperparameters=given))
    assert str(caught.value).startswith(words)
    assert caught.value.argument == "hyperparameters"


def test_a_backslash_followed_by_zeros_is_no_nul_character(jobs: Jobs) -> None:
    spec = jobs.spec(hyperparameters={"pattern": r"\u0000"})
    assert hyperparameter_arguments(spec) == ("--pattern", r"\u0000")
