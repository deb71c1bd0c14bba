"""The nursery: a process with torch imported that forks a supervisor for each job.

Importing torch, DistributedDataParallel and dynamo takes seconds in every rank; a fork of a process
that has them takes milliseconds and is just as clean. The nursery must never compute and never
start a thread: a fork after multi-threaded computation hangs. The supervisor it forks for a job is
as untouched as itself, and forks the job's ranks in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from jupyter_sdt.launch import supervisor
from jupyter_sdt.launch.nursery_address import NurseryAddress, fingerprint
from jupyter_sdt.launch.preload import preload
from jupyter_sdt.spec.variables import NURSERY_IDLE_SECONDS
from jupyter_sdt.store.job_directory import JobDirectory

IDLE_SECONDS = 3600.0
_LOOK_SECONDS = 60.0  # how often an idle nursery looks whether it is out of date


def serve(
    listener: socket.socket, address: NurseryAddress, *, warm: bool, environment: dict[str, str]
) -> None:
    """Fork a supervisor for each request until none has come for the idle time.

    Ends itself at once when idle and out of date: packages were installed, or our code changed, so
    ``environment`` no longer leads to this address and nobody will come.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are nobody's to wait for
    idle_seconds = float(environment.get(NURSERY_IDLE_SECONDS, IDLE_SECONDS))
    listener.settimeout(min(idle_seconds, _LOOK_SECONDS))
    address.ready.write_text(str(os.getpid()))
    last = time.monotonic()
    while True:
        try:
            _take(listener.accept()[0], listener, warm=warm)
            last = time.monotonic()
        except TimeoutError:
            stale = fingerprint(environment) != address.fingerprint
            if stale or time.monotonic() - last >= idle_seconds:
                break
    _close(listener, address, warm=warm)


def _take(connection: socket.socket, listener: socket.socket, *, warm: bool) -> None:
    with connection:
        received = _receive(connection)
        if received is None:
            return
        request, lock = received
        if os.fork() == 0:
            connection.close()
            listener.close()
            _become_supervisor(request, lock, warm=warm)
        os.close(lock)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], int] | None:
    if not _same_user(connection):
        return None
    connection.settimeout(5)
    with contextlib.suppress(OSError, ValueError):
        head, descriptors, _, _ = socket.recv_fds(connection, 8, 1)
        if len(head) == 8 and descriptors:
            with connection.makefile("rb") as stream:
                return json.loads(stream.read(int.from_bytes(head, "big"))), descriptors[0]
    return None  # a client that only looked whether anyone is here, or gave up


def _same_user(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's mode keeps others out
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return bool(uid == os.getuid())


def _become_supervisor(request: dict[str, Any], lock: int, *, warm: bool) -> NoReturn:
    code = 1
    try:
        os.setsid()
        os.environ.clear()
        os.environ.update(request["environment"])
        directory = JobDirectory(Path(request["job"]))
        _redirect(directory.supervisor_log)
        code = supervisor.supervise(directory, lock=lock, warm=warm)
    except BaseException:  # noqa: BLE001 - a fork must end here, whatever happened
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _redirect(path: Path) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _close(listener: socket.socket, address: NurseryAddress, *, warm: bool) -> None:
    with address.lock.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # From here on nobody finds us; who had connected before is still served.
        address.socket.unlink(missing_ok=True)
        address.ready.unlink(missing_ok=True)
        listener.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:
                _take(listener.accept()[0], listener, warm=warm)


def main() -> None:
    """Run a nursery on a socket inherited from :mod:`jupyter_sdt.launch.nursery_client`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--fingerprint", required=True)
    arguments = parser.parse_args()
    address = NurseryAddress(arguments.folder, arguments.fingerprint)
    environment = dict(os.environ)
    with socket.socket(fileno=arguments.listener) as listener:
        serve(listener, address, warm=preload(), environment=environment)


if __name__ == "__main__":
    main()
