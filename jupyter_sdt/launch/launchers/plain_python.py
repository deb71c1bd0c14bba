"""Launch by starting every rank ourselves: plain ``python``, or a fork by the nursery.

Both have the same plan. The only difference is that the supervisor executes ``argv`` for
``python`` and, for ``nursery``, forks itself where torch is imported already.
"""

from __future__ import annotations

from jupyter_sdt.launch.launchers.cluster import cluster_environment, service_plans
from jupyter_sdt.launch.launchers.mpi_options import exported_variables
from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan
from jupyter_sdt.launch.launchers.rendezvous import (
    Rendezvous,
    master_environment,
    open_mpi_environment,
    open_mpi_ranks,
    torchrun_environment,
)
from jupyter_sdt.launch.node.environment import node_environment
from jupyter_sdt.launch.node.hyperparameters import hyperparameter_arguments
from jupyter_sdt.spec import variables as names
from jupyter_sdt.spec.distribution import Launcher
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.strategies import RANKLESS
from jupyter_sdt.store.job_directory import JobDirectory

RUN_MODULE = "jupyter_sdt.runtime.run"


def plan(
    spec: JobSpec, directory: JobDirectory, meeting: Rendezvous, launcher: Launcher = "python"
) -> LaunchPlan:
    """Return one process per rank, and before them the servers of a cluster that has any."""
    ranks = tuple(
        _rank_plan(spec, directory, meeting, divmod(rank, spec.processes_per_node))
        for rank in range(spec.world_size)
    )
    return LaunchPlan(
        job_name=spec.job_name,
        launcher=launcher,
        world_size=spec.world_size,
        processes=(*service_plans(spec, directory, meeting), *ranks),
    )


def entry_arguments(spec: JobSpec) -> tuple[str, ...]:
    """The entry point and its hyperparameters, as every launcher passes them on."""
    return (spec.entry_point, *hyperparameter_arguments(spec))


def _rank_plan(
    spec: JobSpec, directory: JobDirectory, meeting: Rendezvous, place: tuple[int, int]
) -> ProcessPlan:
    node_rank, local_rank = place
    node = spec.nodes[node_rank]
    rank = node_rank * spec.processes_per_node + local_rank
    return ProcessPlan(
        argv=(spec.python, "-m", RUN_MODULE, *entry_arguments(spec)),
        environment=node_environment(spec, directory, node)
        | _rank_environment(spec, place, meeting)
        | dict(spec.environment)
        | exported_variables(spec.distribution.mpi_options),
        working_directory=str(directory.source),
        node=node,
        log=str(directory.log(rank).relative_to(directory.path)),
        rank=rank,
    )


def _rank_environment(spec: JobSpec, place: tuple[int, int], meeting: Rendezvous) -> dict[str, str]:
    node_rank, local_rank = place
    if spec.distribution.strategy in RANKLESS:
        # SageMaker starts one process per host here and tells it only where the first host is.
        alone = {names.FALLBACK_RANK: str(node_rank)}
        return master_environment(meeting) | alone | cluster_environment(spec, node_rank, meeting)
    if spec.distribution.started_by_mpi:
        return open_mpi_environment(spec, node_rank, local_rank, meeting)
    variables = torchrun_environment(spec, node_rank, local_rank, meeting)
    if spec.distribution.strategy in ("smdataparallel", "pytorchddp"):
        # SageMaker starts both through mpirun, and sets torchrun's variables besides.
        variables |= open_mpi_ranks(spec, node_rank, local_rank)
        variables[names.SMDDP_LOCAL_RANK] = str(local_rank)
    return variables
