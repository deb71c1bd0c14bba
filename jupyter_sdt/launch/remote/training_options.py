"""Smaller parts of a CreateTrainingJob request: network, tags, switches, debugger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def vpc(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``VpcConfig``."""
    if not arguments.get("subnets"):
        return {}
    return {
        "Subnets": list(arguments["subnets"]),
        "SecurityGroupIds": list(arguments["security_group_ids"]),
    }


def tag_list(tags: Any) -> list[dict[str, str]]:
    """Return ``Tags``, from the API's form or a dict."""
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return [dict(tag) for tag in tags or ()]


def switches(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is on or off, or None where it was not asked for."""
    attempts = arguments.get("max_retry_attempts")
    remote, checked = arguments.get("enable_remote_debug"), arguments.get("enable_infra_check")
    chained = arguments.get("enable_session_tag_chaining")
    return {
        "EnableManagedSpotTraining": arguments.get("use_spot_instances") or None,
        "EnableNetworkIsolation": arguments.get("enable_network_isolation") or None,
        "EnableInterContainerTrafficEncryption": (
            arguments.get("encrypt_inter_container_traffic") or None
        ),
        "RetryStrategy": {"MaximumRetryAttempts": attempts} if attempts is not None else None,
        "RemoteDebugConfig": {"EnableRemoteDebug": remote} if remote is not None else None,
        "InfraCheckConfig": {"EnableInfraCheck": checked} if checked is not None else None,
        "SessionChainingConfig": (
            {"EnableSessionTagChaining": chained} if chained is not None else None
        ),
    }


def image_registry(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return ``TrainingImageConfig``: a registry of one's own, reached through the VPC."""
    mode = arguments.get("training_repository_access_mode")
    provider = arguments.get("training_repository_credentials_provider_arn")
    if mode is None:
        return None
    told: dict[str, Any] = {"TrainingRepositoryAccessMode": mode}
    if provider is not None:
        told["TrainingRepositoryAuthConfig"] = {
            "TrainingRepositoryCredentialsProviderArn": provider
        }
    return told


def debugging(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Both cost money and time; dicts of the API's form switch them on."""
    hook, profiler = arguments.get("debugger_hook_config"), arguments.get("profiler_config")
    off = arguments.get("disable_profiler", profiler is None)
    return {
        "DebugHookConfig": hook or None,
        "ProfilerConfig": {"DisableProfiler": True} if off else {**(profiler or {})} or None,
        "TensorBoardOutputConfig": arguments.get("tensorboard_output_config"),
        "DebugRuleConfigurations": list(arguments.get("rules", ())),
    }
