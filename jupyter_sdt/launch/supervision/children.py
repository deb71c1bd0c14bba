"""The supervisor's child processes: started by fork or exec, reaped, signalled, killed."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from jupyter_sdt.launch.launchers.plan import ProcessPlan
from jupyter_sdt.launch.nursery.standby import (
    StandbyRank,
    fork_standby_ranks,
    fork_with_fresh_signals,
)
from jupyter_sdt.store.files import append_privately

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that ended: ``exit_code`` is negative when a signal killed it."""

    plan: ProcessPlan
    exit_code: int
    time: float


@dataclass(slots=True)
class Children:
    """Processes started for one job. ``folder`` is the job directory, where logs go."""

    folder: Path
    running: dict[int, ProcessPlan] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    helpers: dict[int, str] = field(default_factory=dict)
    broken_helper: str = ""
    # Descriptors of the supervisor that a forked child must not keep: above all the job's lock.
    private: tuple[int, ...] = ()
    standby: list[StandbyRank] = field(default_factory=list)

    def execute(self, plan: ProcessPlan) -> None:
        """Start ``plan.argv`` in a session of its own. Raises OSError when that fails."""
        with append_privately(self.folder / plan.log) as log:
            process = subprocess.Popen(
                plan.argv,
                cwd=plan.working_directory,
                env=os.environ | dict(plan.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[process.pid] = plan
        process.returncode = 0  # reaped by poll() below, not by subprocess

    def fork(self, plan: ProcessPlan) -> None:
        """Become the process ``plan`` describes in a child: one that stands by, or a new fork."""
        if self.standby:
            rank = self.standby.pop()
            rank.begin(plan)
            self.running[rank.pid] = plan
        else:
            self.running[self._fork(lambda: become(plan))] = plan

    def fork_standby(self, number: int) -> None:
        """See to it that ``number`` children stand by."""
        missing = number - len(self.standby)
        private = (*self.private, *(rank.pipe for rank in self.standby))
        self.standby += fork_standby_ranks(missing, become, private)

    def dismiss_standby(self) -> None:
        """Let the children that nobody needed end."""
        for rank in self.standby:
            rank.dismiss()
        self.standby.clear()

    def fork_helper(self, name: str, body: Callable[[], None]) -> None:
        """Fork a child that serves the job without being part of it (a Pipe channel's feeder)."""
        self.helpers[self._fork(lambda: _serve(body))] = name

    def poll(self) -> bool:
        """Reap whatever has ended; return whether any rank or launcher of the plan still runs."""
        while self.running:
            pid, status = _wait_any()
            if pid == 0:
                break
            plan = self.running.pop(pid, None)
            if plan is not None:
                self.ended.append(Ended(plan, os.waitstatus_to_exitcode(status), time.time()))
            elif pid in self.helpers and status != 0:
                self.broken_helper = self.helpers[pid]
        return any(not plan.service for plan in self.running.values())

    def signal(self, number: int) -> None:
        """Send a signal to the started processes themselves, not to what they started.

        DataLoader workers that die before their rank would turn its orderly end into an error. A
        shell has no such workers and does not pass signals on, so its whole group gets it.
        """
        ranks = {pid: plan for pid, plan in self.running.items() if not plan.service}
        for pid, plan in ranks.items():
            send = os.kill if _is_python(plan) else os.killpg
            with contextlib.suppress(ProcessLookupError):
                send(pid, number)

    def start_over(self, spared: str) -> None:
        """Kill every descendant but the helper named ``spared``, and forget how they ended."""
        kept = {pid: name for pid, name in self.helpers.items() if name == spared}
        self.kill(kept)
        self.helpers, self.broken_helper = kept, ""
        self.standby.clear()
        self.ended.clear()

    def kill(self, spared: Container[int] = ()) -> None:
        """Kill every descendant of this process but ``spared`` and reap it, whatever it does."""
        deadline = time.monotonic() + 10
        while (left := _descendants(spared)) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.poll()
            while not self.running and _wait_any()[0]:
                pass
            time.sleep(0.005)

    def _fork(self, body: Callable[[], None]) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = fork_with_fresh_signals()
        if pid:
            return pid
        try:
            os.setsid()
            for descriptor in self.private:
                os.close(descriptor)
            body()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - shown here, for nobody is above
            traceback.print_exc()
        finally:
            # Whatever happened, a child must never go on as a second supervisor.
            os._exit(1)


def become(plan: ProcessPlan) -> None:
    """Do what ``python -m MODULE ENTRY ...`` would, in a process that has its imports behind it."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.environ.update(plan.environment)
    os.chdir(plan.working_directory)
    for folder in reversed(plan.environment.get("PYTHONPATH", "").split(os.pathsep)):
        if folder and folder not in sys.path:
            sys.path.insert(0, folder)
    module = importlib.import_module(plan.argv[2])
    module.leave(module.main(list(plan.argv[3:])))


def become_subreaper() -> None:
    """Make orphaned grandchildren ours, so that nothing a job started can hide (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _descendants(spared: Container[int]) -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [process for process in found if process.pid not in spared]


def _serve(body: Callable[[], None]) -> None:
    # A helper without its supervisor would serve nobody for ever.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    body()


def _wait_any() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def _is_python(plan: ProcessPlan) -> bool:
    entry = plan.argv[3] if len(plan.argv) > 3 and plan.argv[1] == "-m" else ""
    return plan.rank is None or entry.endswith(".py")
