"""A CreateTrainingJob request, or what DescribeTrainingJob says, read back as a JobSpec.

The hyperparameters are those of the training toolkit in the images, which say what is started and
how: https://github.com/aws/sagemaker-training-toolkit
"""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Mapping
from typing import Any

from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import Channel, JobSpec, MetricDefinition
from jupyter_sdt.spec.strategies import Companion, Strategy

# The groups that a distribution was chosen for.
CHOSEN_GROUPS = "sagemaker_distribution_instance_groups"
# In the order in which the images look for them.
_STRATEGIES: Mapping[str, Strategy] = {
    "sagemaker_mpi_enabled": "mpi",
    "sagemaker_pytorch_ddp_enabled": "pytorchddp",
    "sagemaker_torch_distributed_enabled": "torch_distributed",
    "sagemaker_distributed_dataparallel_enabled": "smdataparallel",
    "sagemaker_parameter_server_enabled": "parameter_server",
    "sagemaker_multi_worker_mirrored_strategy_enabled": "multi_worker_mirrored_strategy",
    "sagemaker_pytorch_xla_multi_worker_enabled": "pytorchxla",
}
_COMPANIONS: Mapping[Strategy, Companion] = {
    "mpi": "mpi",
    "torch_distributed": "torch_distributed",
}
_OPTIONS: Mapping[Strategy, str] = {
    "mpi": "sagemaker_mpi_custom_mpi_options",
    "modelparallel": "sagemaker_mpi_custom_mpi_options",
    "smdataparallel": "sagemaker_distributed_dataparallel_custom_mpi_options",
}


def described_spec(described: Mapping[str, Any]) -> JobSpec:
    """Return the job. Its entry point is empty where the image itself is what runs."""
    given = decoded_hyperparameters(described)
    own = {name: value for name, value in given.items() if not _of_toolkit(name)}
    script = str(given.get("sagemaker_program", ""))
    images = described.get("AlgorithmSpecification", {})
    checkpoints = described.get("CheckpointConfig", {})
    created = described.get("CreationTime")
    instances = instances_of(described)
    return JobSpec(
        job_name=described["TrainingJobName"],
        entry_point=script,
        python=sys.executable,
        created_seconds=created.timestamp() if created else time.time(),
        source_dir=str(given.get("sagemaker_submit_directory", "")),
        instance_type=next(iter(instances)),
        instance_count=sum(instances.values()),
        distribution=_distribution(described, given),
        # An image by itself was sent the text.
        hyperparameters=own if script else {n: described["HyperParameters"][n] for n in own},
        channels=tuple(_channel(c, images) for c in described.get("InputDataConfig", ())),
        environment=dict(described.get("Environment", {})),
        metric_definitions=tuple(
            MetricDefinition(name=metric["Name"], regex=metric["Regex"])
            for metric in images.get("MetricDefinitions", ())
        ),
        checkpoint_uri=checkpoints.get("S3Uri", ""),
        output_path=described["OutputDataConfig"]["S3OutputPath"],
        max_run_seconds=described.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400),
    )


def decoded_hyperparameters(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the toolkit reads them: JSON, or the text itself."""
    return {name: _decoded(text) for name, text in described.get("HyperParameters", {}).items()}


def instances_of(described: Mapping[str, Any]) -> dict[str, int]:
    """How many instances of each type a job has."""
    resources = described.get("ResourceConfig", {})
    counted: dict[str, int] = {}
    for group in resources.get("InstanceGroups") or [resources]:
        kind = str(group.get("InstanceType", ""))
        counted[kind] = counted.get(kind, 0) + int(group.get("InstanceCount", 1))
    return counted


def _of_toolkit(name: str) -> bool:
    return name.startswith("sagemaker_") or name == "mp_parameters"


def _distribution(described: Mapping[str, Any], given: Mapping[str, Any]) -> Distribution:
    found: list[Strategy] = [name for key, name in _STRATEGIES.items() if given.get(key)]
    parameters = given.get("mp_parameters") or {}
    launched: Strategy = found[0] if found else "none"
    both = launched == "torch_distributed" and "smdataparallel" in found
    beside: Strategy = "smdataparallel" if both else launched
    strategy: Strategy = "modelparallel" if parameters else beside
    options = str(given.get(_OPTIONS.get(strategy, ""), ""))
    return Distribution(
        strategy=strategy,
        processes_per_node=processes_on(described) if found else None,
        mpi_options=tuple(shlex.split(options)),
        parameters=parameters,
        instance_groups=tuple(map(str, given.get(CHOSEN_GROUPS) or ())),
        combined_with=_COMPANIONS.get(launched) if strategy != launched else None,
    )


def processes_on(described: Mapping[str, Any], instance_type: str = "") -> int:
    """How many processes a launcher starts on each host; of the first type unless one is named."""
    given = decoded_hyperparameters(described)
    asked = given.get("sagemaker_mpi_num_of_processes_per_host")
    kind = instance_type or next(iter(instances_of(described)))
    return int(asked or find_instance(kind).accelerators or 1)


def _channel(channel: Mapping[str, Any], images: Mapping[str, Any]) -> Channel:
    source = channel["DataSource"].get("S3DataSource", {})
    compression, wrapping = channel.get("CompressionType"), channel.get("RecordWrapperType")
    return Channel(
        name=channel["ChannelName"],
        uri=source.get("S3Uri", ""),
        input_mode=channel.get("InputMode", images.get("TrainingInputMode", "File")),
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        content_type=channel.get("ContentType", ""),
        compression="" if compression in (None, "None") else compression,
        record_wrapping="" if wrapping in (None, "None") else wrapping,
        shuffle_seed=channel.get("ShuffleConfig", {}).get("Seed"),
        sagemaker=_only_there(channel["DataSource"]),
    )


def _only_there(source: Mapping[str, Any]) -> dict[str, Any]:
    """What a channel says to SageMaker alone, under the Estimator's names."""
    if "FileSystemDataSource" in source:
        return {"FileSystemDataSource": dict(source["FileSystemDataSource"])}
    told = source.get("S3DataSource", {})
    kind = told.get("S3DataType")
    fields = {
        "s3_data_type": None if kind == "S3Prefix" else kind,
        "attribute_names": told.get("AttributeNames"),
        "instance_groups": told.get("InstanceGroupNames"),
    }
    return {name: value for name, value in fields.items() if value}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
