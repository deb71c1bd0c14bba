"""Estimator arguments and one request to run -> the JobSpec, and what travels beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.contents import (
    read_hyperparameters,
    read_metric_definitions,
    split_environment,
)
from jupyter_sdt.estimator.inputs import ChannelReader, Inputs
from jupyter_sdt.estimator.job_names import make_job_name
from jupyter_sdt.estimator.keywords import DEFAULTS
from jupyter_sdt.estimator.placement import Placement, read_placement
from jupyter_sdt.estimator.recipes import read_recipe
from jupyter_sdt.estimator.source import (
    CellSource,
    absolute_source_dir,
    base_name,
    entry_point_file,
    read_source,
    requirements_path,
)
from jupyter_sdt.estimator.uris import resolve_uri
from jupyter_sdt.launch.node.devices import count_gpus
from jupyter_sdt.launch.source.git_source import without_secrets
from jupyter_sdt.launch.submission import Submission
from jupyter_sdt.spec.job_spec import Channel, JobSpec, StudyPoint
from jupyter_sdt.spec.model_parallel_parameters import model_parallel_size, shards
from jupyter_sdt.store.job_directory import job_directory

# Arguments that have their own field in the JobSpec, or must not be written.
_OWN_FIELD = frozenset(
    {
        *("entry_point", "source_dir", "requirements", "hyperparameters", "hyperparameter_style"),
        *("environment", "instance_type", "instance_count", "instance_groups", "distribution"),
        *("processes_per_node", "launcher", "output_path", "checkpoint_s3_uri"),
        *("metric_definitions", "max_run", "stop_seconds", "hang_seconds", "sagemaker_session"),
        "max_restarts",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of ``fit``, ``start`` or ``plan``. ``seconds`` is the time of it."""

    seconds: float
    inputs: Inputs = None
    job_name: str | None = None
    cell: CellSource | None = None
    variables: Mapping[str, bytes] = field(default_factory=dict)
    variables_out: tuple[str, ...] = ()
    study: StudyPoint | None = None
    experiment_config: Mapping[str, str] = field(default_factory=dict)


def make_submission(arguments: Mapping[str, Any], framework: str, request: Request) -> Submission:
    """Return everything one job needs. Nothing is written. Raises SpecError."""
    recipe = read_recipe(arguments)
    arguments = recipe.arguments
    placement = read_placement(arguments)
    local = placement.instance.local
    alone = not local and not framework and "image_uri" in arguments
    source = read_source(arguments, request.cell, local=local, image_alone=alone)
    environment, secrets = split_environment(arguments.get("environment", {}))
    spec = JobSpec(
        job_name=_job_name(base_name(arguments, source), request),
        entry_point=source.entry_point,
        python=sys.executable,
        created_seconds=request.seconds,
        source_dir=absolute_source_dir(arguments),
        entry_point_file=entry_point_file(source),
        instance_type=placement.instance.name,
        instance_count=placement.instance_count,
        distribution=placement.distribution,
        hyperparameters=read_hyperparameters(arguments.get("hyperparameters", {})),
        hyperparameter_style=_default(arguments, "hyperparameter_style"),
        channels=_channels(arguments, request.inputs, local=local),
        environment=environment,
        secret_names=tuple(secrets),
        metric_definitions=read_metric_definitions(arguments.get("metric_definitions", ())),
        requirements=requirements_path(arguments),
        checkpoint_uri=_checkpoint_uri(arguments, local=local),
        output_path=_uri(arguments, "output_path", local=local),
        max_run_seconds=_default(arguments, "max_run"),
        stop_seconds=_default(arguments, "stop_seconds"),
        hang_seconds=arguments.get("hang_seconds"),
        max_restarts=arguments.get("max_restarts", 0),
        variables_in=tuple(request.variables),
        variables_out=_names(request.variables_out),
        cell=request.cell.cell if request.cell else None,
        study=request.study,
        sagemaker=_for_sagemaker(arguments, framework, placement) | _of_call(request),
    )
    return Submission(
        spec=_with_processes(spec, placement),
        source=source,
        variables=request.variables,
        secrets=secrets,
        files=recipe.files,
    )


def _job_name(base: str, request: Request) -> str:
    if request.job_name is not None:
        return job_directory(request.job_name).job_name
    return make_job_name(base, request.seconds)


def _channels(arguments: Mapping[str, Any], inputs: Inputs, *, local: bool) -> tuple[Channel, ...]:
    model = arguments.get("model_uri")
    reader = ChannelReader(
        local=local,
        input_mode=_default(arguments, "input_mode"),
        extra={_default(arguments, "model_channel_name"): model} if model else {},
    )
    return reader.read(inputs)


def _checkpoint_uri(arguments: Mapping[str, Any], *, local: bool) -> str:
    """On this machine a checkpoint_local_path alone is a place to keep checkpoints in, too."""
    if local and "checkpoint_s3_uri" not in arguments:
        return _uri(arguments, "checkpoint_local_path", local=True)
    return _uri(arguments, "checkpoint_s3_uri", local=local)


def _uri(arguments: Mapping[str, Any], name: str, *, local: bool) -> str:
    given = arguments.get(name)
    return "" if given is None else resolve_uri(given, name, local=local)


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise SpecError(
                f"variables_out: {name!r} is not the name of a variable", argument="variables_out"
            )
    return tuple(names)


def _for_sagemaker(
    arguments: Mapping[str, Any], framework: str, placement: Placement
) -> dict[str, Any]:
    others = {n: _as_data(v) for n, v in arguments.items() if n not in _OWN_FIELD}
    kept = {n: v for n, v in others.items() if _is_plain(v)}
    if "git_config" in kept:
        kept["git_config"] = without_secrets(kept["git_config"])
    if not placement.instance.local:
        _refuse_objects(others, kept)
        kept |= _remote_only(arguments, placement)
    if placement.groups:
        kept["instance_groups"] = [dict(group) for group in placement.groups]
    return {**kept, "framework": framework} if framework else kept


def _of_call(request: Request) -> dict[str, Any]:
    """What belongs to one call of fit(), not to the Estimator."""
    given = request.experiment_config
    if not isinstance(given, Mapping):
        raise SpecError(
            f"experiment_config={given!r} must be a dict such as {{'ExperimentName': 'digits'}}",
            argument="experiment_config",
        )
    return {"experiment_config": dict(given)} if given else {}


def _as_data(value: Any) -> Any:
    """Configurations of SageMaker's SDK as what they would send; everything else as it is."""
    if callable(request := getattr(value, "_to_request_dict", None)):
        return request()
    if type(value).__name__ == "TrainingCompilerConfig":
        return {n: getattr(value, n) for n in ("enabled", "debug") if hasattr(value, n)}
    return value


def _refuse_objects(others: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    """What cannot be sent must not be left out silently; paths are sent as text elsewhere."""
    for name, value in others.items():
        if name not in kept and name != "dependencies":
            raise SpecError(
                f"{name}: a {type(value).__name__} cannot be sent; give a dict or list in the form "
                "of the SageMaker API",
                argument=name,
            )


def _remote_only(arguments: Mapping[str, Any], placement: Placement) -> dict[str, Any]:
    """What the user chose, before defaults are filled in, and the region of a session."""
    chosen = {
        "processes_per_node": placement.distribution.processes_per_node,
        "region": getattr(arguments.get("sagemaker_session"), "boto_region_name", None),
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _is_plain(value: object) -> bool:
    """Whether JSON gives the value back; objects of SageMaker's SDK stay on the Estimator."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def _with_processes(spec: JobSpec, placement: Placement) -> JobSpec:
    """Without a number of processes SageMaker starts one per accelerator, or just one.

    Here a model that is divided gets at least as many as one copy of it needs.
    """
    distribution, accelerators = spec.distribution, placement.instance.accelerators
    if distribution.strategy == "none" or distribution.processes_per_node is not None:
        return spec
    processes = max(1, count_gpus(spec) if accelerators is None else accelerators)
    if distribution.strategy == "modelparallel" and placement.instance.local:
        needed = model_parallel_size(distribution.parameters) * shards(distribution.parameters)
        if processes * placement.instance_count % needed:
            processes = ceil(needed / placement.instance_count)
    filled = replace(distribution, processes_per_node=processes)
    return replace(spec, distribution=filled)


def _default(arguments: Mapping[str, Any], name: str) -> Any:
    return arguments.get(name, DEFAULTS[name])
