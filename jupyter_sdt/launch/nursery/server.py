"""The nursery: a process with torch imported that forks a supervisor for each job.

Importing torch, DistributedDataParallel and dynamo takes seconds in every rank; a fork of a process
that has them takes milliseconds and is just as clean. The nursery must never compute and never
start a thread: a fork after multi-threaded computation hangs. The supervisor it forks for a job is
as untouched as itself, and forks the job's ranks in turn. One supervisor with some ranks stands by
for the next job, so that a job finds its processes forked already.

Jobs on SageMaker have a nursery of their own, with boto3 in place of torch: supervisors forked from
it share what botocore has read of the services, and need not read it again.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import time
from pathlib import Path

from jupyter_sdt.launch.nursery.address import NurseryAddress, fingerprint
from jupyter_sdt.launch.nursery.preload import preload, preload_remote
from jupyter_sdt.launch.nursery.request import receive, send
from jupyter_sdt.launch.nursery.waiting_supervisor import WaitingSupervisor
from jupyter_sdt.spec.variables import NURSERY_IDLE_SECONDS

IDLE_SECONDS = 3600.0
_LOOK_SECONDS = 60.0  # how often an idle nursery looks whether it is out of date
# How long after a job began the next supervisor is forked: not while that job takes its first step.
_CALM_SECONDS = 2.0


class Nursery:
    """Serves one address until nobody has come for ``idle_seconds``.

    It also ends when it is out of date: packages were installed, or our code changed, so that
    ``environment`` no longer leads to this address and nobody will come.
    """

    def __init__(
        self, listener: socket.socket, address: NurseryAddress, environment: dict[str, str]
    ) -> None:
        self._listener = listener
        self._address = address
        self._environment = environment
        self._idle_seconds = float(environment.get(NURSERY_IDLE_SECONDS, IDLE_SECONDS))
        self._warm = False
        self._waiting: WaitingSupervisor | None = None

    def serve(self) -> None:
        """Import everything, then fork a supervisor for each request."""
        self._warm = preload_remote() if self._address.remote else preload()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are nobody's to wait for
        self._address.ready.write_text(str(os.getpid()))
        last = time.monotonic()
        while not self._finished(last):
            if self._serve_one(min(self._idle_seconds, self._patience())):
                last = time.monotonic()
        self._close()

    def _patience(self) -> float:
        return _CALM_SECONDS if self._waiting is None else _LOOK_SECONDS

    def _finished(self, last: float) -> bool:
        idle = time.monotonic() - last
        if idle < min(self._idle_seconds, _LOOK_SECONDS):
            return False
        stale = fingerprint(self._environment) != self._address.fingerprint
        return stale or idle >= self._idle_seconds

    def _serve_one(self, seconds: float) -> bool:
        """Take one request; return False when none came in time, and prepare for the next."""
        connection = self._accept(seconds)
        if connection is None:
            self._waiting = self._waiting or self._fork_supervisor(standby=True)
            return False
        with connection:
            request = receive(connection)
        if request is not None:
            waiting, self._waiting = self._waiting, None
            # The job's lock reaches the supervisor below; a second copy would get to the ranks.
            waiting = waiting or self._fork_supervisor(request.lock, standby=False)
            with waiting.control as control:
                send(control, request.body, request.lock)
            os.close(request.lock)
        return request is not None

    def _accept(self, seconds: float) -> socket.socket | None:
        # On its own: a fork inside `except` would hand its exception on to every script as context.
        self._listener.settimeout(seconds)
        try:
            return self._listener.accept()[0]
        except TimeoutError:
            return None

    def _fork_supervisor(self, *private: int, standby: bool) -> WaitingSupervisor:
        private = (self._listener.fileno(), *private)
        return WaitingSupervisor.fork(private, warm=self._warm, standby=standby)

    def _close(self) -> None:
        with self._address.lock.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # From here on nobody finds us; who had connected before is still served.
            self._address.socket.unlink(missing_ok=True)
            self._address.ready.unlink(missing_ok=True)
            while self._serve_one(0.2):
                pass
            if not self._address.log.stat().st_size:
                self._address.log.unlink()


def main() -> None:
    """Run a nursery on a socket inherited from :mod:`jupyter_sdt.launch.nursery.client`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--fingerprint", required=True)
    parser.add_argument("--remote", action="store_true")
    arguments = parser.parse_args()
    address = NurseryAddress(arguments.folder, arguments.fingerprint, arguments.remote)
    with socket.socket(fileno=arguments.listener) as listener:
        Nursery(listener, address, dict(os.environ)).serve()


if __name__ == "__main__":
    main()
