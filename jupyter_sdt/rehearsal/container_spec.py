"""A CreateTrainingJob request read back as the local job that does the same."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote_bundle import PROGRAM
from jupyter_sdt.rehearsal.refusals import instances_of
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import Channel, JobSpec, MetricDefinition
from jupyter_sdt.spec.strategies import Strategy
from jupyter_sdt.spec.variables import AUTOLOG

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


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a rehearsed job keeps what it fetched and what it made."""

    root: Path

    @property
    def input(self) -> Path:
        """A folder for each channel."""
        return self.root / "input"

    @property
    def checkpoints(self) -> Path:
        """What ``CheckpointConfig.S3Uri`` holds."""
        return self.root / "checkpoints"

    @property
    def output(self) -> Path:
        """Archives of the model and of the output."""
        return self.root / "output"


def decoded_hyperparameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the toolkit reads them: JSON, or the text itself."""
    return {name: _decoded(text) for name, text in request.get("HyperParameters", {}).items()}


def container_spec(
    request: Mapping[str, Any], folders: Folders, *, most_processes: int, stop_seconds: float
) -> JobSpec:
    """Return the local job of a request. Raises SpecError for what no local job can be."""
    given = decoded_hyperparameters(request)
    program = str(given.get("sagemaker_program", ""))
    if not program:
        raise SpecError(
            "the request names no script (sagemaker_program): a rehearsal runs scripts in script "
            "mode, not the image itself",
            argument="entry_point",
        )
    stopping, images = request["StoppingCondition"], request["AlgorithmSpecification"]
    return JobSpec(
        job_name=request["TrainingJobName"],
        entry_point=program,
        python=sys.executable,
        created_seconds=time.time(),
        instance_count=sum(instances_of(request).values()),
        distribution=_distribution(request, given, most_processes),
        hyperparameters={name: v for name, v in given.items() if not _of_toolkit(name)},
        channels=tuple(_channel(c, images, folders) for c in request.get("InputDataConfig", ())),
        environment=_environment(request, program),
        metric_definitions=tuple(
            MetricDefinition(name=m["Name"], regex=m["Regex"])
            for m in images.get("MetricDefinitions", ())
        ),
        checkpoint_uri=str(folders.checkpoints) if "CheckpointConfig" in request else "",
        output_path=str(folders.output),
        max_run_seconds=stopping.get("MaxRuntimeInSeconds", 86400),
        stop_seconds=stop_seconds,
    )


def _of_toolkit(name: str) -> bool:
    return name.startswith("sagemaker_") or name == "mp_parameters"


def _distribution(
    request: Mapping[str, Any], given: Mapping[str, Any], most_processes: int
) -> Distribution:
    found = [strategy for key, strategy in _STRATEGIES.items() if given.get(key)]
    strategy: Strategy = found[0] if found else "none"
    parameters = given.get("mp_parameters") or {}
    if parameters:
        companion, strategy = strategy, "modelparallel"
    options = str(
        given.get(f"sagemaker_{'mpi' if strategy == 'mpi' else 'x'}_custom_mpi_options", "")
    )
    return Distribution(
        strategy=strategy,
        processes_per_node=_processes(request, given, most_processes) if found else None,
        mpi_options=tuple(shlex.split(options)),
        parameters=parameters,
        combined_with=companion
        if parameters and companion in ("mpi", "torch_distributed")
        else None,
    )


def _processes(request: Mapping[str, Any], given: Mapping[str, Any], most_processes: int) -> int:
    asked = given.get("sagemaker_mpi_num_of_processes_per_host")
    accelerators = find_instance(next(iter(instances_of(request)))).accelerators
    return min(int(asked or accelerators or 1), most_processes)


def _channel(channel: Mapping[str, Any], images: Mapping[str, Any], folders: Folders) -> Channel:
    source = channel["DataSource"].get("S3DataSource", {})
    unwrapped = {"None": ""}
    return Channel(
        name=channel["ChannelName"],
        uri=str(folders.input / channel["ChannelName"]),
        input_mode=channel.get("InputMode", images.get("TrainingInputMode", "File")),
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        content_type=channel.get("ContentType", ""),
        compression=unwrapped.get(
            channel.get("CompressionType", ""), channel.get("CompressionType", "")
        ),
        record_wrapping=unwrapped.get(
            channel.get("RecordWrapperType", ""), channel.get("RecordWrapperType", "")
        ),
        shuffle_seed=channel.get("ShuffleConfig", {}).get("Seed"),
    )


def _environment(request: Mapping[str, Any], program: str) -> dict[str, str]:
    given = dict(request.get("Environment", {}))
    # In an image nobody records the steps of a script but the entry that we send along.
    return given if program == PROGRAM else {**given, AUTOLOG: "0"}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
