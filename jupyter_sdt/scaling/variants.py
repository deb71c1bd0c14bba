"""The estimator of each world size: processes, batch and threads differ, nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jupyter_sdt.estimator import Estimator
from jupyter_sdt.launch.node.devices import count_gpus
from jupyter_sdt.scaling.limits import available_cores
from jupyter_sdt.scaling.sizes import check_capacity, check_world_sizes, divided_batch
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec

THREADS = "OMP_NUM_THREADS"


def estimator_variants(
    estimator: Estimator,
    world_sizes: Sequence[int],
    *,
    divided: str | None = None,
    oversubscribe: bool = False,
) -> dict[int, Estimator]:
    """Return an estimator for each world size, smallest first.

    ``divided`` names the hyperparameter that holds the global batch, to be divided among the
    ranks. Every rank gets the same number of threads at every size, so that a larger size has more
    cores and not the same ones cut up otherwise. Raises SpecError for sizes that cannot be, or
    that need more cores or GPUs than there are unless ``oversubscribe``.
    """
    sizes = check_world_sizes(world_sizes, estimator.instance_count)
    batches = divided_batch(estimator.hyperparameters(), divided, sizes) if divided else {}
    threads = threads_per_rank(estimator, sizes[-1])
    if not oversubscribe and find_instance(estimator.instance_type).local:
        check_capacity(sizes, *_capacity(estimator))
    return {
        size: _variant(
            estimator,
            size // estimator.instance_count,
            {str(divided): batches[size]} if divided else {},
            threads,
        )
        for size in sizes
    }


def threads_per_rank(estimator: Estimator, largest: int) -> str:
    """OMP_NUM_THREADS of every rank: the user's, else an even share of the cores."""
    chosen = {**os.environ, **(estimator.environment or {})}.get(THREADS)
    return chosen or str(max(1, available_cores() // largest))


def visible_gpus(estimator: Estimator) -> int:
    """GPUs that the ranks of a local job may use."""
    # Only place and environment decide; the rest of the spec does not exist yet.
    return count_gpus(
        JobSpec(
            job_name="",
            entry_point="",
            python="",
            created_seconds=0,
            instance_type=estimator.instance_type,
            environment=estimator.environment or {},
        )
    )


def _capacity(estimator: Estimator) -> tuple[int, str]:
    if estimator.instance_type == "local_gpu":
        return visible_gpus(estimator), "GPUs"
    return available_cores(), "cores"


def _variant(
    estimator: Estimator, processes_per_node: int, batch: dict[str, int], threads: str
) -> Estimator:
    given = Distribution.from_arguments(estimator.distribution, launcher=estimator.launcher)
    changes: Any = {
        "hyperparameters": {**estimator.hyperparameters(), **batch},
        "environment": {**(estimator.environment or {}), THREADS: threads},
    }
    if given.strategy == "none":
        changes["processes_per_node"] = processes_per_node
    else:
        # A distribution may name its own number of processes; it gives way to ours.
        spread = replace(given, processes_per_node=processes_per_node)
        changes |= {"distribution": spread, "processes_per_node": None, "launcher": None}
    return estimator.with_arguments(**changes)
