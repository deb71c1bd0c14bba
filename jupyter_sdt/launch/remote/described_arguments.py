"""The Estimator's arguments behind a CreateTrainingJob request, or what DescribeTrainingJob says.

Those that only SageMaker heeds; everything else is in the JobSpec itself (described_spec.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.launch.remote.described_spec import decoded_hyperparameters

_REGISTRY = ("AlgorithmSpecification", "TrainingImageConfig")
# Arguments -> where their values lie.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "role": ("RoleArn",),
    "image_uri": ("AlgorithmSpecification", "TrainingImage"),
    "input_mode": ("AlgorithmSpecification", "TrainingInputMode"),
    "enable_sagemaker_metrics": ("AlgorithmSpecification", "EnableSageMakerMetricsTimeSeries"),
    "container_entry_point": ("AlgorithmSpecification", "ContainerEntrypoint"),
    "container_arguments": ("AlgorithmSpecification", "ContainerArguments"),
    "output_kms_key": ("OutputDataConfig", "KmsKeyId"),
    "volume_size": ("ResourceConfig", "VolumeSizeInGB"),
    "volume_kms_key": ("ResourceConfig", "VolumeKmsKeyId"),
    "keep_alive_period_in_seconds": ("ResourceConfig", "KeepAlivePeriodInSeconds"),
    "training_plan": ("ResourceConfig", "TrainingPlanArn"),
    "instance_placement_config": ("ResourceConfig", "InstancePlacementConfig"),
    "max_wait": ("StoppingCondition", "MaxWaitTimeInSeconds"),
    "subnets": ("VpcConfig", "Subnets"),
    "security_group_ids": ("VpcConfig", "SecurityGroupIds"),
    "checkpoint_local_path": ("CheckpointConfig", "LocalPath"),
    "use_spot_instances": ("EnableManagedSpotTraining",),
    "enable_network_isolation": ("EnableNetworkIsolation",),
    "encrypt_inter_container_traffic": ("EnableInterContainerTrafficEncryption",),
    "max_retry_attempts": ("RetryStrategy", "MaximumRetryAttempts"),
    "enable_remote_debug": ("RemoteDebugConfig", "EnableRemoteDebug"),
    "enable_infra_check": ("InfraCheckConfig", "EnableInfraCheck"),
    "enable_session_tag_chaining": ("SessionChainingConfig", "EnableSessionTagChaining"),
    "training_repository_access_mode": (*_REGISTRY, "TrainingRepositoryAccessMode"),
    "training_repository_credentials_provider_arn": (
        *(*_REGISTRY, "TrainingRepositoryAuthConfig"),
        "TrainingRepositoryCredentialsProviderArn",
    ),
    "debugger_hook_config": ("DebugHookConfig",),
    "tensorboard_output_config": ("TensorBoardOutputConfig",),
    "rules": ("DebugRuleConfigurations",),
}
# Hyperparameters of the toolkit that arguments stand behind.
_KEYS: Mapping[str, str] = {
    "container_log_level": "sagemaker_container_log_level",
    "processes_per_node": "sagemaker_mpi_num_of_processes_per_host",
}
_COMPILER = "sagemaker_training_compiler_enabled"
_COMPILER_DEBUGS = "sagemaker_training_compiler_debug_mode"
# pytorch-training:2.5.1-gpu-py311 and its like; Hugging Face's tags begin with another version.
_TAG = re.compile(r":(?P<version>\d[\d.]*)-(?:transformers[\d.]+-)?\w+-(?P<python>py\d+)")


def described_arguments(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with which a job could be sent again.

    Its tags are not among them: they are told by a call of their own.
    """
    given = decoded_hyperparameters(described)
    found = {name: _at(described, path) for name, path in _PLACES.items()}
    found |= {name: given.get(key) for name, key in _KEYS.items()}
    found["disable_output_compression"] = described["OutputDataConfig"].get("CompressionType") == (
        "NONE"
    )
    found["instance_groups"] = _groups(described.get("ResourceConfig", {}))
    if given.get(_COMPILER):
        found["compiler_config"] = {"enabled": True, "debug": bool(given.get(_COMPILER_DEBUGS))}
    found |= _profiler(described.get("ProfilerConfig"))
    found |= _versions(str(found["image_uri"]))
    found |= _model_dir(given, described["TrainingJobName"])
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _at(described: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        described = (described or {}).get(name)
    return described


def _groups(resources: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "instance_group_name": group["InstanceGroupName"],
            "instance_type": group["InstanceType"],
            "instance_count": group["InstanceCount"],
        }
        for group in resources.get("InstanceGroups") or ()
    ]


def _profiler(config: Mapping[str, Any] | None) -> dict[str, Any]:
    if config is None or config.get("DisableProfiler"):
        return {}  # off is what it is without being asked for
    return {"profiler_config": dict(config)}


def _versions(image: str) -> dict[str, Any]:
    """What the name of a framework's image tells."""
    match = _TAG.search(image)
    if match is None:
        return {}
    told = {"framework_version": match["version"], "py_version": match["python"]}
    return {"py_version": match["python"]} if "transformers" in match[0] else told


def _model_dir(given: Mapping[str, Any], job_name: str) -> dict[str, Any]:
    """TensorFlow's, unless it is the one that every job gets of its own."""
    told = given.get("model_dir", False)
    usual = told == "/opt/ml/model" or str(told).endswith(f"/{job_name}/model")
    return {} if usual else {"model_dir": told}
