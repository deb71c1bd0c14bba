"""``training_recipe``: a HyperPod recipe, read into the arguments that it stands for.

https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-recipes.html: a YAML file says
how a model is trained; a script of Amazon's reads it, with Hydra, in an image of Amazon's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.estimator.recipe_files import COLLECTION, RecipeFile, read_recipe_file
from jupyter_sdt.estimator.recipe_values import merged, resolved
from jupyter_sdt.spec.instances import Instance, find_instance

_GPU_SCRIPTS = "https://github.com/aws/sagemaker-training-adapter-for-nemo.git"
_NEURON_SCRIPTS = "https://github.com/aws-neuron/neuronx-distributed-training.git"
_GPU_IMAGE = "658645717510.dkr.ecr.REGION.amazonaws.com/smdistributed-modelparallel"
# Beginnings of model.model_type -> the script's place among the examples.
_SCRIPTS = {
    "llama_v3": "examples/llama/llama_pretrain.py",
    "mistral": "examples/mistral/mistral_pretrain.py",
    "mixtral": "examples/mixtral/mixtral_pretrain.py",
    "deepseek": "examples/deepseek/deepseek_pretrain.py",
    "gpt_oss": "examples/custom_model/custom_pretrain.py",
}
_OWN = ("hyperparameters", "distribution")
# Recipes that an image of their own reads, without any script.
_OTHER_KINDS = ("evaluation", "training_config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a recipe stands for: Estimator ``arguments``, and a file beside the script."""

    arguments: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_recipe(arguments: Mapping[str, Any]) -> Recipe:
    """Return the arguments with those of their ``training_recipe`` in them; without one, as given.

    Of a recipe given by address or name the file is fetched here; Amazon's script comes from its
    repository when the job is submitted, unless ``entry_point`` names one. Raises SpecError, or
    LaunchError without PyYAML and where nothing can be fetched.
    """
    if "training_recipe" not in arguments:
        if "recipe_overrides" in arguments:
            raise _wrong("recipe_overrides", "recipe_overrides needs training_recipe")
        return Recipe(arguments=arguments)
    instance = _instance(arguments)
    for name in _OWN:
        if name in arguments:
            raise _wrong(name, f"{name}: training_recipe brings its own; use recipe_overrides")
    file = read_recipe_file(str(arguments["training_recipe"]))
    recipe = merged(_load(file), arguments.get("recipe_overrides", {}))
    _check_kind(recipe)
    recipe = resolved(recipe)
    given = {k: v for k, v in arguments.items() if k not in ("training_recipe", "recipe_overrides")}
    script = _script(given, recipe, instance)
    place = Path(script["entry_point"]).parent if "source_dir" in given else Path()
    return Recipe(
        arguments={
            "instance_count": _nodes(given, recipe),
            **given,
            **script,
            "hyperparameters": {"config-path": ".", "config-name": file.name},
            "distribution": _distribution(instance),
        },
        files={str(place / file.name): _yaml().safe_dump(recipe, sort_keys=False).encode()},
    )


def _instance(arguments: Mapping[str, Any]) -> Instance:
    instance = find_instance(arguments.get("instance_type", "local"))
    if instance.local:
        raise _wrong(
            "training_recipe",
            "training_recipe runs on ml.* instances only: its script needs Amazon's image; give "
            "instance_type='ml.p5.48xlarge', or a script of yours",
        )
    if instance.kind == "cpu":
        raise _wrong(
            "instance_type", f"training_recipe needs GPUs or Trainium, {instance.name} has neither"
        )
    if "image_uri" not in arguments:
        where = f"{_GPU_IMAGE}, see " if instance.kind == "gpu" else ""
        raise _wrong(
            "image_uri", f"image_uri is missing: a recipe needs Amazon's image, {where}{COLLECTION}"
        )
    return instance


def _load(file: RecipeFile) -> dict[str, Any]:
    yaml = _yaml()
    try:
        recipe = yaml.safe_load(file.text)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise _wrong("training_recipe", f"{file.place} cannot be read: {told}") from None
    if not isinstance(recipe, dict):
        raise _wrong(
            "training_recipe", f"{file.place} holds no recipe but a {type(recipe).__name__}"
        )
    return recipe


def _yaml() -> Any:
    try:
        return import_module("yaml")  # for recipes only
    except ImportError:
        raise LaunchError("training_recipe needs PyYAML: pip install pyyaml") from None


def _check_kind(recipe: Mapping[str, Any]) -> None:
    if other := [name for name in _OTHER_KINDS if recipe.get(name)]:
        raise _wrong(
            "training_recipe",
            f"training_recipe: recipes with {other[0]!r} (Nova, evaluation, fine-tuning) are not "
            "known here; pre-training recipes with 'trainer' and 'model' are",
        )
    if not isinstance(recipe.get("trainer"), Mapping):
        raise _wrong("training_recipe", "training_recipe: the field 'trainer' is missing")


def _nodes(given: Mapping[str, Any], recipe: Mapping[str, Any]) -> int:
    nodes = given.get("instance_count", recipe["trainer"].get("num_nodes"))
    if not isinstance(nodes, int) or nodes < 1:
        raise _wrong(
            "instance_count",
            f"instance_count: trainer.num_nodes={nodes!r} of the recipe is no count",
        )
    return nodes


def _script(
    given: Mapping[str, Any], recipe: Mapping[str, Any], instance: Instance
) -> dict[str, Any]:
    """The user's script, or Amazon's for this model: in a checkout, or in its repository."""
    if "entry_point" in given:
        return {"entry_point": given["entry_point"]}
    theirs = _amazons_script(recipe, instance)
    return {"entry_point": theirs["entry_point"]} if "source_dir" in given else theirs


def _amazons_script(recipe: Mapping[str, Any], instance: Instance) -> dict[str, Any]:
    if instance.kind == "neuron":
        place = {"entry_point": "training_orchestrator.py", "source_dir": "examples"}
        return {**place, "git_config": {"repo": _NEURON_SCRIPTS}}
    model = recipe.get("model") or {}
    kind = str(model.get("model_type", ""))
    script = next((path for start, path in _SCRIPTS.items() if kind.startswith(start)), None)
    if script is None:
        known = ", ".join(_SCRIPTS)
        raise _wrong(
            "training_recipe",
            f"training_recipe: model.model_type={kind!r} must begin with one of {known}",
        )
    return {"entry_point": script, "git_config": {"repo": _GPU_SCRIPTS}}


def _distribution(instance: Instance) -> dict[str, Any]:
    torch: dict[str, Any] = {"torch_distributed": {"enabled": True}}
    if instance.kind == "neuron":
        return torch
    parallel = {"enabled": True, "parameters": {"placement_strategy": "cluster"}}
    return {"smdistributed": {"modelparallel": parallel}, **torch}


def _wrong(argument: str, reason: str) -> SpecError:
    return SpecError(reason, argument=argument)
