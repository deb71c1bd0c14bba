"""Finding, signalling and killing the processes of a job, and never anybody else's.

A pid alone proves nothing, since the kernel gives it to somebody else after its owner's end. A
process counts as ours only when it was also started at the recorded moment
(:mod:`jupyter_sdt.spec.process_identity`), or carries the job's folder in its environment.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil

from jupyter_sdt.errors import SdtError
from jupyter_sdt.launch.remote.service import Service, region_of
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.process_identity import start_ticks
from jupyter_sdt.spec.variables import JOB_DIRECTORY
from jupyter_sdt.store.files import rank_files, read_object
from jupyter_sdt.store.job_directory import JobDirectory

# These serve other jobs too, even when a rank of this one happened to start them.
_SHARED = {"jupyter_sdt.launch.nursery.server", "jupyter_sdt.launch.supervision.supervisor"}
_POLL_SECONDS = 0.01
# SIGKILL takes effect at once, except on a process that waits for a dead disk.
_KILL_SECONDS = 5.0


def living(record: Mapping[str, Any]) -> psutil.Process | None:
    """Return the process of a record (``pid``, ``start_ticks``), or None when it has ended.

    None too for a record that holds no start time: it could be anybody.
    """
    try:
        # psutil notes the start time now, and refuses to signal a successor later.
        process = psutil.Process(int(record["pid"]))
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return None
    ticks = record.get("start_ticks")
    if not ticks or start_ticks(process.pid) != ticks:
        return None
    return process if _alive(process) else None


def living_ranks(directory: JobDirectory) -> dict[int, psutil.Process]:
    """Return the ranks of a job that are running, by rank."""
    found = {}
    for rank, path in rank_files(directory.processes, ".json"):
        try:
            process = living(read_object(path))
        except (OSError, ValueError):
            continue
        if process is not None:
            found[rank] = process
    return found


def job_processes(directory: JobDirectory) -> list[psutil.Process]:
    """Return every process that belongs to a job and is running, without their descendants.

    Ranks are known by their records; launchers, shells and orphaned workers by the job's folder in
    the environment they were started with.
    """
    ranks = list(living_ranks(directory).values())
    wanted = str(directory.path)
    marked = [p for p in psutil.process_iter() if p not in ranks and _is_marked(p, wanted)]
    return [p for p in (*ranks, *marked) if p.pid != os.getpid()]


def signal_processes(processes: Iterable[psutil.Process], number: int) -> None:
    """Send a signal to each process that still is the one it was."""
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            process.send_signal(number)


def family(processes: Iterable[psutil.Process]) -> set[psutil.Process]:
    """Return the processes and all their descendants, ourselves excepted."""
    found = set(processes)
    for process in list(found):
        with contextlib.suppress(psutil.Error):
            found.update(process.children(recursive=True))
    return {process for process in found if process.pid != os.getpid()}


def kill_tree(processes: Iterable[psutil.Process]) -> bool:
    """Kill processes and descendants; return whether all have ended within some seconds."""
    left = family(processes)
    deadline = time.monotonic() + _KILL_SECONDS
    while left and time.monotonic() < deadline:
        signal_processes(left, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
        # Whatever was forked meanwhile is killed in the next round.
        left = {process for process in family(left) if _alive(process)}
    return not left


def terminate_tree(processes: Iterable[psutil.Process], grace_seconds: float) -> bool:
    """Send SIGTERM, wait until the processes end, then kill them and every descendant.

    SIGTERM goes to ``processes`` alone: DataLoader workers that died before their rank would turn
    its orderly end into an error. Returns whether nothing is left.
    """
    roots = list(processes)
    # Orphans lose their link to the tree, so it must be known before anyone ends.
    everyone = family(roots)
    signal_processes(roots, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while any(map(_alive, roots)) and time.monotonic() < deadline:
        everyone |= family(filter(_alive, roots))
        time.sleep(_POLL_SECONDS)
    return kill_tree(filter(_alive, everyone))


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _is_marked(process: psutil.Process, job_folder: str) -> bool:
    try:
        return (
            process.uids().real == os.getuid()
            and process.environ().get(JOB_DIRECTORY) == job_folder
            and _SHARED.isdisjoint(process.cmdline())
            and _alive(process)
        )
    except (psutil.Error, OSError):
        return False


def main() -> None:
    """End what a dead supervisor left behind, without anybody waiting for it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("job", type=Path)
    parser.add_argument("--grace", type=float, required=True)
    arguments = parser.parse_args()
    directory = JobDirectory(arguments.job)
    _stop_remote(directory)
    terminate_tree(job_processes(directory), arguments.grace)


def _stop_remote(directory: JobDirectory) -> None:
    """A job on SageMaker outlives everything here, and is billed."""
    try:
        spec = directory.read_spec()
    except SdtError:
        return  # whatever runs is here, marked by the folder
    if find_instance(spec.instance_type).local:
        return
    try:
        Service(region_of(spec)).stop(spec.job_name)
    except Exception as error:  # noqa: BLE001 - told below; nobody is there to catch it
        told = explain(error, resource=f"the job {spec.job_name}")
        sys.stderr.write(f"jupyter_sdt: StopTrainingJob: {told}\n")


if __name__ == "__main__":
    main()
