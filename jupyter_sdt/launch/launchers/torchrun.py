"""Launch through torchrun, one agent per node with a static rendezvous, as SageMaker does.

``torchrun --nnodes N --nproc_per_node P --master_addr H --master_port M --node_rank i`` is what
SageMaker's ``torch_distributed`` executes on each host.
"""

from __future__ import annotations

from jupyter_sdt.launch.launchers.mpi_options import exported_variables
from jupyter_sdt.launch.launchers.plain_python import RUN_MODULE, entry_arguments
from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous, thread_environment
from jupyter_sdt.launch.node.environment import node_environment
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory


def plan(spec: JobSpec, directory: JobDirectory, meeting: Rendezvous) -> LaunchPlan:
    """Return one torchrun agent per node."""
    return LaunchPlan(
        job_name=spec.job_name,
        launcher="torchrun",
        world_size=spec.world_size,
        processes=tuple(
            _agent_plan(spec, directory, meeting, node_rank)
            for node_rank in range(spec.instance_count)
        ),
    )


def _agent_plan(
    spec: JobSpec, directory: JobDirectory, meeting: Rendezvous, node_rank: int
) -> ProcessPlan:
    node = spec.nodes[node_rank]
    return ProcessPlan(
        argv=(
            spec.python,
            "-m",
            "torch.distributed.run",
            f"--nnodes={spec.instance_count}",
            f"--nproc-per-node={spec.processes_per_node}",
            f"--node-rank={node_rank}",
            f"--master-addr={meeting.address}",
            f"--master-port={meeting.port}",
            f"--max-restarts={spec.max_restarts if len(spec.nodes) == 1 else 0}",
            "-m",
            RUN_MODULE,
            *entry_arguments(spec),
        ),
        environment=node_environment(spec, directory, node)
        | thread_environment(spec)
        | dict(spec.environment)
        | exported_variables(spec.distribution.mpi_options),
        working_directory=str(directory.source),
        node=node,
        log=str(directory.launcher_log(node).relative_to(directory.path)),
    )
