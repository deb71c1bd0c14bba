"""Hyperparameters, environment and metric definitions."""

from __future__ import annotations

import numpy as np
import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.contents import (
    looks_secret,
    read_hyperparameters,
    read_metric_definitions,
    split_environment,
)
from jupyter_sdt.spec.job_spec import MetricDefinition


def test_hyperparameters_come_back_as_json_has_them():
    given = {"lr": np.float32(0.5), "n": np.int64(3), "layers": (1, [2]), "a": {"b": None}}
    read = read_hyperparameters(given)
    assert read == {"lr": 0.5, "n": 3, "layers": [1, [2]], "a": {"b": None}}
    assert type(read["n"]) is int
    given["a"]["b"] = 1
    assert read["a"] == {"b": None}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": object()}, "'x' is <object"),
        ({"x": float("nan")}, "JSON cannot carry"),
        ({"x": np.zeros(2)}, "(ndarray)"),
        ({1: 2}, "the name 1 must be"),
        ({"": 2}, "the name '' must be"),
        ({"k" * 257: 2}, "1 to 256 characters"),
        ({"x": "v" * 2499}, "'x' has 2501 characters as JSON, at most 2500"),
        ({f"k{n}": n for n in range(101)}, "101 entries, at most 100"),
    ],
)
def test_hyperparameters_beyond_the_contract_are_refused(given, words):
    with pytest.raises(SpecError) as caught:
        read_hyperparameters(given)
    assert words in str(caught.value)
    assert caught.value.argument == "hyperparameters"


def test_secrets_are_told_by_their_names():
    names = ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "db_password", "MY_CREDENTIALS", "APIKEY"]
    assert all(map(looks_secret, names))
    assert not any(map(looks_secret, ["NCCL_DEBUG", "TOKENIZERS_PARALLELISM", "LANG"]))


def test_secrets_are_kept_apart():
    public, secret = split_environment({"NCCL_DEBUG": "INFO", "HF_TOKEN": "abc"})
    assert public == {"NCCL_DEBUG": "INFO"}
    assert secret == {"HF_TOKEN": "abc"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"1A": ""}, "'1A' must be letters"),
        ({"A-B": ""}, "'A-B' must be letters"),
        ({"A=B": ""}, "'A=B' must be letters"),
        ({3: ""}, "3 must be letters"),
        ({"A": 1}, "the value of A is int"),
        ({"A": "x" * 513}, "the value of A is 513 characters long"),
        ({"A": "\0"}, "the value of A"),
        ({f"A{n}": "" for n in range(101)}, "101 entries"),
    ],
)
def test_an_environment_beyond_the_contract_is_refused(given, words):
    with pytest.raises(SpecError, match="environment") as caught:
        split_environment(given)
    assert words in str(caught.value)


def test_a_refused_secret_does_not_show_its_value():
    with pytest.raises(SpecError) as caught:
        split_environment({"HF_TOKEN": "abc" * 200})
    assert "abc" not in str(caught.value)


def test_metric_definitions_are_read():
    assert read_metric_definitions([{"Name": "loss", "Regex": "loss=([0-9.]+)"}]) == (
        MetricDefinition(name="loss", regex="loss=([0-9.]+)"),
    )
    assert read_metric_definitions([]) == ()


def test_the_placeholder_of_published_notebooks_passes_with_a_warning():
    given = [{"Name": "base_metric", "Regex": "<><><><><><>"}]
    with pytest.warns(UserWarning, match="'base_metric': .* is plain text and finds no number"):
        assert read_metric_definitions(given)[0].name == "base_metric"


def metric(name="loss", regex="(.)", **more):
    return [{"Name": name, "Regex": regex, **more}]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Name": "a", "Regex": "(.)"}, "must be a list of"),
        (["a"], "'a' must be a dict"),
        (metric(regexp="x"), "unknown key 'regexp' in {'Name'"),
        (metric(regex="("), "does not compile"),
        (metric(regex="loss: .*"), "has no group"),
        (metric(regex=f"({'x' * 499})"), "1 to 500 characters"),
        (metric(regex=None), "Regex=None"),
        (metric(name=""), "Name='' must be"),
        (metric() * 2, "'loss' is defined twice"),
        ([{"Name": f"m{n}", "Regex": "(.)"} for n in range(41)], "41 definitions, at most 40"),
    ],
)
def test_metric_definitions_that_cannot_work_are_refused(given, words):
    with pytest.raises(SpecError, match="metric_definitions") as caught:
        read_metric_definitions(given)
    assert words in str(caught.value)
