"""HyperPod recipes: what they stand for, and what is refused before anything is fetched."""

from __future__ import annotations

import json

import pytest
import yaml

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.recipe_values import merged, resolved
from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.launch.submission import submit

RECIPE = """
run: {name: llama, nodes: 2}
trainer:
  num_nodes: ${run.nodes}
  devices: 8
  batch: ${multiply:${trainer.num_nodes},${.devices}}
model:
  model_type: llama_v3
  label: run-${run.name}-${recipes.trainer.devices}
"""
GPU = {
    "role": "arn:aws:iam::123456789012:role/Training",
    "instance_type": "ml.p5.48xlarge",
    "image_uri": "658645717510.dkr.ecr.us-west-2.amazonaws.com/smdistributed-modelparallel:2.4.1",
    "output_path": "s3://bucket/out",
}


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    path = tmp_path / "llama.yaml"
    path.write_text(RECIPE.replace("${.devices}", "${trainer.devices}"))
    return path


def keys(plan) -> dict[str, object]:
    hyperparameters = plan.request["HyperParameters"]
    return {name: json.loads(text) for name, text in hyperparameters.items()}


def test_on_gpus_amazons_script_is_fetched_and_reads_the_recipe(recipe):
    plan = PyTorch(training_recipe=str(recipe), **GPU).plan(job_name="r")
    sent = keys(plan)
    assert plan.request["ResourceConfig"]["InstanceCount"] == 2
    assert (sent["config-path"], sent["config-name"]) == (".", "llama.yaml")
    assert sent["sagemaker_program"] == "llama_pretrain.py"
    assert sent["sagemaker_torch_distributed_enabled"] is True
    assert sent["mp_parameters"] == {"placement_strategy": "cluster"}
    assert sent["sagemaker_instance_type"] == "ml.p5.48xlarge"


def test_on_trainium_torchrun_starts_neurons_script(recipe):
    given = {**GPU, "instance_type": "ml.trn1.32xlarge", "instance_count": 4}
    estimator = PyTorch(training_recipe=str(recipe), **given)
    sent = keys(estimator.plan(job_name="r"))
    assert sent["sagemaker_program"] == "training_orchestrator.py"
    assert "mp_parameters" not in sent
    assert sent["sagemaker_torch_distributed_enabled"] is True
    assert estimator.plan(job_name="r").request["ResourceConfig"]["InstanceCount"] == 4


def test_the_resolved_recipe_lies_beside_the_script_of_a_checkout(recipe, tmp_path, monkeypatch):
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    monkeypatch.setattr("jupyter_sdt.launch.local.start", lambda *_: None)  # nobody is called
    script = tmp_path / "checkout" / "examples" / "llama" / "llama_pretrain.py"
    script.parent.mkdir(parents=True)
    script.write_text("print('trains')\n")
    estimator = PyTorch(
        training_recipe=str(recipe),
        recipe_overrides={"trainer": {"devices": 4}},
        source_dir=str(tmp_path / "checkout"),
        **GPU,
    )
    request = Request(seconds=1.0, job_name="here")
    directory = submit(make_submission(estimator._arguments, "pytorch", request))
    written = directory.source / "examples" / "llama" / "llama.yaml"
    assert yaml.safe_load(written.read_text()) == {
        "run": {"name": "llama", "nodes": 2},
        "trainer": {"num_nodes": 2, "devices": 4, "batch": 8},
        "model": {"model_type": "llama_v3", "label": "run-llama-4"},
    }
    assert directory.read_spec().entry_point == "examples/llama/llama_pretrain.py"


REFUSED = {
    "a local job": ({"instance_type": "local"}, r"runs on ml.\* instances only"),
    "a CPU": ({"instance_type": "ml.m5.large"}, "ml.m5.large has neither"),
    "no image": ({"image_uri": None}, "image_uri is missing: a recipe needs Amazon's image"),
    "no name": ({"training_recipe": "../x"}, "must be a YAML file, its address, or a name"),
    "a scheme": ({"training_recipe": "file:///a.yaml"}, "must be the http:// or https:// address"),
    "a page": ({"training_recipe": "https://x/y.html"}, "address of a YAML file"),
    "no file": ({"training_recipe": "/none.yaml"}, "/none.yaml does not exist"),
    "its own": ({"hyperparameters": {"lr": 1}}, "use recipe_overrides"),
    "a model": ({"recipe_overrides": {"model": {"model_type": "bert"}}}, "'bert' must begin with"),
    "no count": ({"recipe_overrides": {"run": {"nodes": 0}}}, "trainer.num_nodes=0"),
    "no trainer": ({"recipe_overrides": {"trainer": None}}, "the field 'trainer' is missing"),
    "another kind": ({"recipe_overrides": {"evaluation": {"task": "x"}}}, "'evaluation'"),
    "a reference": ({"recipe_overrides": {"a": "${b.c}"}}, "refers to b.c, which is not in"),
    "a function": ({"recipe_overrides": {"a": "${oc.env:HOME}"}}, "uses oc.env"),
    "a circle": ({"recipe_overrides": {"a": "${b}", "b": "${a}"}}, "refers to itself"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_recipe_can_be_is_refused_in_one_sentence(case, recipe):
    changes, reason = REFUSED[case]
    with pytest.raises(SpecError, match=reason):
        PyTorch(**{"training_recipe": str(recipe), **GPU, **changes})


@pytest.mark.parametrize("text", ["[1]", "a: [", "\0"])
def test_a_file_that_is_no_recipe_is_named(recipe, text):
    recipe.write_text(text)
    with pytest.raises(SpecError, match=str(recipe)):
        PyTorch(training_recipe=str(recipe), **GPU)


def test_overrides_without_a_recipe_are_refused():
    with pytest.raises(SpecError, match="recipe_overrides needs training_recipe"):
        PyTorch(entry_point="a.py", recipe_overrides={"a": 1}, **GPU)


def test_overrides_join_mappings_and_replace_the_rest():
    recipe = {"a": {"b": 1, "c": [1, 2]}, "d": 2}
    assert merged(recipe, {"a": {"c": [3]}, "e": 4}) == {"a": {"b": 1, "c": [3]}, "d": 2, "e": 4}


def test_references_keep_types_and_functions_count():
    recipe = {"n": 3, "m": "${n}", "s": "x${n}", "l": ["${divide_ceil:${n},2}"], "z": "${add:1,2}"}
    assert resolved(recipe) == {"n": 3, "m": 3, "s": "x3", "l": [2], "z": 3}
    with pytest.raises(SpecError, match="cannot be computed"):
        resolved({"a": "${multiply:1,x}"})
