"""From a job on disk back to the keywords it was started with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jupyter_sdt.estimator.keywords import NAMES, ONLY_FOR
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec


def arguments_of(job: TrainingJob, framework: str) -> dict[str, Any]:
    """Return Estimator keywords that start the same job again, with the source it ran.

    Values of secret environment variables were never written, so they are missing.
    """
    spec = job.spec
    arguments: dict[str, Any] = {
        "entry_point": spec.entry_point or None,
        "source_dir": spec.source_dir
        if spec.source_dir.startswith("s3://")
        else str(job.directory.source),
        "instance_type": spec.instance_type,
        "instance_count": spec.instance_count,
        "distribution": _chosen(spec),
        "hyperparameters": dict(spec.hyperparameters),
        "hyperparameter_style": spec.hyperparameter_style,
        "environment": dict(spec.environment),
        "metric_definitions": [{"Name": m.name, "Regex": m.regex} for m in spec.metric_definitions],
        "requirements": spec.requirements or None,
        "output_path": spec.output_path or None,
        "checkpoint_s3_uri": spec.checkpoint_uri or None,
        "max_run": spec.max_run_seconds,
        "stop_seconds": spec.stop_seconds,
        "hang_seconds": spec.hang_seconds,
        "max_restarts": spec.max_restarts,
        **_kept(spec.sagemaker, framework),
    }
    if "instance_groups" in arguments:
        del arguments["instance_type"], arguments["instance_count"]
    return arguments


def _chosen(spec: JobSpec) -> Distribution:
    """On SageMaker the number of processes is that of the instance, unless it was chosen."""
    if find_instance(spec.instance_type).local or "processes_per_node" in spec.sagemaker:
        return spec.distribution
    return replace(spec.distribution, processes_per_node=None)


def _kept(sagemaker: Any, framework: str) -> dict[str, Any]:
    """What was kept for SageMaker, without what another framework's class would refuse."""
    return {
        name: value
        for name, value in sagemaker.items()
        if name in NAMES
        and name not in ("dependencies", "git_config")  # they lie in source/ already
        and framework in ONLY_FOR.get(name, (framework,))
    }
