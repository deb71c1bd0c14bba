"""A supervisor that was forked before its job came, with ranks standing by."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from jupyter_sdt.launch.node.devices import count_cpus
from jupyter_sdt.launch.nursery.request import NurseryRequest, receive
from jupyter_sdt.launch.nursery.standby import MOST_RANKS, StandbyRank, fork_standby_ranks
from jupyter_sdt.launch.supervision import supervisor
from jupyter_sdt.launch.supervision.children import become
from jupyter_sdt.store.files import append_privately
from jupyter_sdt.store.job_directory import JobDirectory


@dataclass(frozen=True, slots=True)
class WaitingSupervisor:
    """The nursery's end of a socket; a request sent into it starts the job.

    When the nursery goes, so does the supervisor that still waits, and its ranks with it.
    """

    control: socket.socket

    @classmethod
    def fork(cls, private: tuple[int, ...], *, warm: bool, standby: bool) -> Self:
        """Fork it. ``private`` are the nursery's descriptors, ``standby`` forks ranks as well."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        if os.fork() == 0:
            ours.close()
            for descriptor in private:
                os.close(descriptor)
            number = min(count_cpus(), MOST_RANKS) if warm and standby else 0
            _wait(theirs, number, warm=warm)
        theirs.close()
        return cls(ours)


def _wait(control: socket.socket, number: int, *, warm: bool) -> NoReturn:
    code = 1
    try:
        os.setsid()
        ranks = fork_standby_ranks(number, become, (control.fileno(),))
        with control:
            request = receive(control, seconds=None)
        code = _supervise(request, ranks, warm=warm) if request is not None else 0
    except BaseException:  # noqa: BLE001 - a fork must end here, whatever happened
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _supervise(request: NurseryRequest, ranks: list[StandbyRank], *, warm: bool) -> int:
    content = request.read()
    os.environ.clear()
    os.environ.update(content["environment"])
    directory = JobDirectory(Path(content["job"]))
    with append_privately(directory.supervisor_log) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    return supervisor.supervise(directory, lock=request.lock, warm=warm, standby=ranks)
