"""The kernel's side of the nursery: find it, start it, hand a job over. Imports no torch."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.nursery.address import NurseryAddress, nursery_address
from jupyter_sdt.launch.nursery.request import send
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.variables import NURSERY
from jupyter_sdt.store.job_directory import JobDirectory

_BACKLOG = 128


def warm(environment: Mapping[str, str] | None = None) -> bool:
    """See to it that a nursery runs or is starting; never waits for it. Returns whether it does."""
    given = os.environ if environment is None else environment
    if not available(given):
        return False
    try:
        _connect(nursery_address(given)).close()
    except (OSError, LaunchError):
        return False
    return True


def available(environment: Mapping[str, str]) -> bool:
    """Whether jobs of this environment may use a nursery at all (``SDT_NURSERY=0`` says no)."""
    return environment.get(NURSERY, "1") != "0" and hasattr(os, "fork")


def hand_over(
    spec: JobSpec, directory: JobDirectory, lock: int, environment: Mapping[str, str]
) -> bool:
    """Give a job to the nursery, which forks its supervisor; returns False if it cannot take it.

    A nursery that is still importing finds the request waiting in its socket: nobody waits here.
    Jobs on SageMaker have a nursery of their own. Other jobs that fork no ranks do not wait for
    torch to be imported; they get False unless the nursery is ready.
    """
    if not available(environment) or spec.python != sys.executable:
        return False
    try:
        remote = not find_instance(spec.instance_type).local
        address = nursery_address(environment, remote=remote)
        if not remote and not forks_ranks(spec) and not address.ready.exists():
            return False
        with _connect(address) as connection:
            request = {"job": str(directory.path), "environment": dict(environment)}
            send(connection, json.dumps(request).encode(), lock)
    except (OSError, LaunchError):
        return False
    return True


def forks_ranks(spec: JobSpec) -> bool:
    """Whether the job's ranks are forked here: it is local, and its launcher is the nursery."""
    if not find_instance(spec.instance_type).local:
        return False
    distribution = spec.distribution
    return distribution.launcher in (None, "nursery") and distribution.strategy != "mpi"


def _connect(address: NurseryAddress) -> socket.socket:
    try:
        return _dial(address)
    except (FileNotFoundError, ConnectionRefusedError):
        with _starting(address):
            try:
                return _dial(address)  # another kernel was quicker
            except (FileNotFoundError, ConnectionRefusedError):
                _start(address)
                return _dial(address)


def _dial(address: NurseryAddress) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(5)
        connection.connect(str(address.socket))
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _starting(address: NurseryAddress) -> Iterator[None]:
    with address.lock.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(address: NurseryAddress) -> None:
    # We listen and the nursery inherits the socket, so that requests queue from this moment on.
    address.socket.unlink(missing_ok=True)
    address.ready.unlink(missing_ok=True)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
        address.log.open("wb") as log,
    ):
        listener.bind(str(address.socket))
        listener.listen(_BACKLOG)
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "jupyter_sdt.launch.nursery.server",
                f"--listener={listener.fileno()}",
                f"--folder={address.folder}",
                f"--fingerprint={address.fingerprint}",
                *(["--remote"] if address.remote else []),
            ],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(listener.fileno(),),
        )
    process.returncode = 0  # it outlives us on purpose
