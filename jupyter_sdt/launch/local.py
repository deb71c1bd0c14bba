"""Local nodes: which launcher, what plan, and handing a job to its supervisor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jupyter_sdt.errors import DistributionError, LaunchError
from jupyter_sdt.launch.launchers import mpirun, plain_python, torchrun
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous
from jupyter_sdt.launch.node.devices import count_cpus, count_gpus, count_virtual_gpus
from jupyter_sdt.launch.nursery import client as nursery_client
from jupyter_sdt.launch.remote.training_hyperparameters import compiler_keys
from jupyter_sdt.spec import variables as names
from jupyter_sdt.spec.distribution import Launcher
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.strategies import RANKLESS
from jupyter_sdt.store.files import append_privately
from jupyter_sdt.store.job_directory import JobDirectory


def plan(
    spec: JobSpec,
    directory: JobDirectory,
    *,
    meeting: Rendezvous | None = None,
    warm: bool = True,
) -> LaunchPlan:
    """Return what would be started. Nothing is written and no port is taken.

    ``warm`` says whether a nursery is there to fork ranks. Without one the launcher falls back to
    torchrun, and the plan's notes say so. Raises DistributionError or LaunchError.
    """
    launcher, notes = choose_launcher(spec, warm=warm)
    place = meeting or Rendezvous(hosted=hosts_store(spec, launcher))
    if launcher == "mpirun":
        made = mpirun.plan(spec, directory, place)
    elif launcher == "torchrun":
        made = torchrun.plan(spec, directory, place)
    else:
        made = plain_python.plan(spec, directory, place, launcher)
    if meeting is None and launcher != "mpirun":
        notes = (*notes, "MASTER_PORT is chosen when the job starts")
    return replace(made, notes=(*made.notes, *notes, *_notes(spec)))


def _notes(spec: JobSpec) -> Iterator[str]:
    """What is otherwise here than somebody may expect."""
    if spec.max_restarts:
        yield f"if a rank is lost, all start anew: at most {spec.max_restarts} times"
    if compiler_keys(spec.sagemaker.get("compiler_config")):
        yield "compiler_config does nothing here: the compiler is in SageMaker's images"
    if spec.world_size > count_cpus() and not count_gpus(spec):
        yield f"{spec.world_size} ranks share {count_cpus()} core(s)"
    if virtual := count_virtual_gpus(spec):
        yield f"no GPU here: torch.cuda answers on the CPU, {virtual} device(s) a node"


def choose_launcher(spec: JobSpec, *, warm: bool) -> tuple[Launcher, tuple[str, ...]]:
    """Return the launcher and what there is to say about the choice.

    Raises DistributionError for a launcher that cannot serve the strategy.
    """
    wanted = spec.distribution.launcher
    if spec.distribution.strategy == "mpi":
        if wanted not in (None, "mpirun"):
            raise DistributionError(
                f"launcher={wanted!r} cannot start an mpi job: its script reads the variables that "
                "mpirun sets; leave launcher out or say 'mpirun'",
                argument="launcher",
            )
        return "mpirun", ()
    if wanted not in (None, "nursery"):
        return wanted, ()
    if warm:
        return "nursery", ()
    fallback: Launcher = "torchrun"
    if spec.distribution.strategy in RANKLESS or spec.distribution.started_by_mpi:
        fallback = "python"
    return fallback, (f"the nursery is not available: started by {fallback} instead",)


def hosts_store(spec: JobSpec, launcher: Launcher) -> bool:
    """Whether the supervisor holds the store of the ranks' process group.

    Not where ranks get no rank at all, nor where the user chose the place to meet.
    """
    chosen = {names.MASTER_ADDR, names.MASTER_PORT} & set(spec.environment)
    return launcher == "nursery" and spec.distribution.strategy not in RANKLESS and not chosen


def start(directory: JobDirectory, environment: Mapping[str, str]) -> None:
    """Hand a written job to a supervisor and return at once.

    ``environment`` is what the supervisor and the ranks inherit; it is passed on in memory and
    never written to a file. The supervisor gets the job's lock with it, so the job counts as lost
    from the moment that nobody is left to supervise it. Raises LaunchError.
    """
    spec = directory.read_spec()
    lock = directory.open_lock()
    try:
        if not nursery_client.hand_over(spec, directory, lock, environment):
            _start_cold(directory, lock, environment)
    finally:
        os.close(lock)


def _start_cold(directory: JobDirectory, lock: int, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-P", "-m", "jupyter_sdt.launch.supervision.supervisor"]
    with append_privately(directory.supervisor_log) as log:
        try:
            process = subprocess.Popen(
                [*command, str(directory.path), f"--lock={lock}"],
                cwd="/",
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )
        except OSError as error:
            raise LaunchError(f"{sys.executable} cannot be started: {error.strerror}") from error
    # The supervisor outlives us on purpose; without this, Python would warn about it.
    process.returncode = 0
