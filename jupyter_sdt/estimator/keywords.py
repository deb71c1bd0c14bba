"""The Estimator's keywords: SageMaker's names with their types, and ours."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict

from jupyter_sdt.spec.distribution import Distribution, Launcher
from jupyter_sdt.spec.job_spec import HyperparameterStyle, InputMode

AnyPath = str | PathLike[str]


class EstimatorKeywords(TypedDict, total=False):
    """Every keyword that :class:`~jupyter_sdt.Estimator` and its frameworks accept.

    What SageMaker's keywords mean is said at
    https://sagemaker.readthedocs.io/en/stable/api/training/estimators.html. All but the first
    block may be left out; on ``local`` those of the last block only travel with the job.
    """

    # What runs
    entry_point: AnyPath
    source_dir: AnyPath
    dependencies: Sequence[AnyPath]
    hyperparameters: Mapping[str, Any]
    environment: Mapping[str, str]
    requirements: AnyPath  # ours: a requirements file, beside source_dir/requirements.txt
    hyperparameter_style: HyperparameterStyle  # ours
    # Where it runs, and how it is spread
    instance_type: str
    instance_count: int
    instance_groups: Sequence[Any]
    distribution: Mapping[str, Any] | Distribution
    processes_per_node: int  # ours
    launcher: Launcher  # ours
    # Data in and out
    input_mode: InputMode
    output_path: AnyPath
    checkpoint_s3_uri: AnyPath
    checkpoint_local_path: str
    model_uri: AnyPath
    model_channel_name: str
    metric_definitions: Sequence[Mapping[str, str]]
    # Names and limits; seconds
    base_job_name: str
    max_run: float
    max_wait: float
    stop_seconds: float  # ours: between SIGTERM and SIGKILL
    hang_seconds: float  # ours: the watchdog
    max_restarts: int  # ours: as torchrun's
    # Image and framework
    image_uri: str
    framework_version: str
    py_version: str
    transformers_version: str
    pytorch_version: str
    tensorflow_version: str
    model_dir: str | bool
    compiler_config: Any
    training_recipe: str
    recipe_overrides: Mapping[str, Any]
    # Kept for SageMaker
    role: str
    sagemaker_session: Any
    git_config: Mapping[str, Any]
    code_location: str
    volume_size: int
    volume_kms_key: str
    output_kms_key: str
    disable_output_compression: bool
    keep_alive_period_in_seconds: int
    max_retry_attempts: int
    use_spot_instances: bool
    subnets: Sequence[str]
    security_group_ids: Sequence[str]
    encrypt_inter_container_traffic: bool
    enable_network_isolation: bool
    tags: Any
    rules: Sequence[Any]
    debugger_hook_config: Any
    tensorboard_output_config: Any
    profiler_config: Any
    disable_profiler: bool
    enable_sagemaker_metrics: bool
    enable_infra_check: bool
    enable_remote_debug: bool
    container_entry_point: Sequence[str]
    container_arguments: Sequence[str]
    container_log_level: int
    training_repository_access_mode: str
    training_repository_credentials_provider_arn: str
    enable_session_tag_chaining: bool
    training_plan: str
    instance_placement_config: Mapping[str, Any]


NAMES: tuple[str, ...] = tuple(EstimatorKeywords.__annotations__)
# Which framework a keyword belongs to; all others belong to every class.
ONLY_FOR: dict[str, tuple[str, ...]] = {
    "transformers_version": ("huggingface",),
    "pytorch_version": ("huggingface",),
    "tensorflow_version": ("huggingface",),
    "model_dir": ("tensorflow",),
    "compiler_config": ("pytorch", "tensorflow", "huggingface"),
    "training_recipe": ("pytorch",),
    "recipe_overrides": ("pytorch",),
}
# SageMaker's SDK 1.x -> 2.x: https://sagemaker.readthedocs.io/en/stable/v2.html
OLD_NAMES: dict[str, str] = {
    "train_instance_type": "instance_type",
    "train_instance_count": "instance_count",
    "train_max_run": "max_run",
    "train_use_spot_instances": "use_spot_instances",
    "train_max_wait": "max_wait",
    "train_volume_size": "volume_size",
    "train_volume_kms_key": "volume_kms_key",
    "distributions": "distribution",
    "image_name": "image_uri",
}
DEFAULTS: dict[str, Any] = {
    "instance_type": "local",
    "instance_count": 1,
    "input_mode": "File",
    "hyperparameter_style": "sagemaker",
    "max_run": 86400,
    "stop_seconds": 120,
    "model_channel_name": "model",
    "volume_size": 30,
    "container_log_level": 20,
}


def signature(positional: tuple[str, ...]) -> inspect.Signature:
    """The signature that help shows: ``positional`` in this order, then every other keyword."""
    kinds = {
        **dict.fromkeys(positional, inspect.Parameter.POSITIONAL_OR_KEYWORD),
        **{n: inspect.Parameter.KEYWORD_ONLY for n in NAMES if n not in positional},
    }
    return inspect.Signature(
        [inspect.Parameter(n, kind, default=DEFAULTS.get(n)) for n, kind in kinds.items()]
    )
