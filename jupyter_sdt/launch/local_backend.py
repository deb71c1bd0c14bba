"""Backend for local nodes: processes of this machine, one /opt/ml tree per node."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.backend import News, Outcome
from jupyter_sdt.launch.channels.pipe_channel import pipe_feeders
from jupyter_sdt.launch.channels.s3_channels import brought_here, take_away
from jupyter_sdt.launch.channels.s3_checkpoints import keep_in_step
from jupyter_sdt.launch.channels.s3_results import send_results
from jupyter_sdt.launch.launchers import mpirun
from jupyter_sdt.launch.launchers.cluster import ports_needed
from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan
from jupyter_sdt.launch.launchers.rendezvous import choose_rendezvous
from jupyter_sdt.launch.node.artifacts import collect_artifacts
from jupyter_sdt.launch.node.directory import prepare_node
from jupyter_sdt.launch.nursery.agent_store import AgentStore, open_agent_store
from jupyter_sdt.launch.nursery.preload import PRELOADED
from jupyter_sdt.launch.nursery.standby import StandbyRank
from jupyter_sdt.launch.source.requirements import install_requirements, skipped_requirements
from jupyter_sdt.launch.supervision.children import Children, Ended
from jupyter_sdt.launch.supervision.process_tree import living_ranks
from jupyter_sdt.launch.supervision.restarting import (
    Restarts,
    forget_ranks,
    restarts_by_torchrun,
    spread_checkpoints,
)
from jupyter_sdt.launch.supervision.verdict import judge
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.log_reader import last_lines

# How long the other ranks have, after one failed, to end themselves. torchrun gives 30 s too.
SIBLING_SECONDS = 30.0
_CHECKPOINTS = "checkpoints"  # the helper that keeps them in step with S3
# How long they have before that to notice by themselves and to write down what they saw.
NOTICE_SECONDS = 0.3


class LocalBackend:
    """Starts a plan's processes as children of the supervisor and watches them.

    ``warm`` says that this process has torch imported and has never computed, so that ranks can be
    forked from it. ``private`` are descriptors the ranks must not inherit, ``standby`` are ranks
    forked beforehand.
    """

    poll_seconds = 0.02
    own_phases = False

    def __init__(
        self,
        spec: JobSpec,
        directory: JobDirectory,
        *,
        warm: bool,
        private: tuple[int, ...] = (),
        standby: Iterable[StandbyRank] = (),
    ) -> None:
        # What was asked for, and the same once channels and checkpoints of S3 are folders here.
        self._given = self._spec = spec
        self._directory = directory
        self._warm = warm
        self._children = Children(directory.path, private=private, standby=list(standby))
        self._store: AgentStore | None = None
        self._restarts = Restarts(0)
        self._folders: tuple[str, ...] = ()
        self._is_asked_to_end = False
        self._terminated: float | None = None
        self._kill_at: float | None = None

    def plan(self) -> LaunchPlan:
        """Return the exact plan, and take hold of the port in it where that can be done."""
        launcher, _ = local.choose_launcher(self._spec, warm=self._warm)
        if local.hosts_store(self._spec, launcher):
            # The store has a thread, so every rank is forked before it.
            self._children.fork_standby(self._spec.world_size)
            self._store = open_agent_store()
        more = ports_needed(self._spec)
        meeting = self._store.meeting if self._store else choose_rendezvous(more)
        if not restarts_by_torchrun(self._spec, launcher):
            self._restarts.most = self._spec.max_restarts
        return local.plan(self._spec, self._directory, meeting=meeting, warm=self._warm)

    def prepare(self, plan: LaunchPlan) -> LaunchPlan:
        """Fill the nodes' trees, install requirements; returns the plan with their folders."""
        self._spec, notes = brought_here(self._given, self._directory)
        for node in self._spec.nodes:
            prepare_node(self._spec, self._directory, node)
        folders = install_requirements(self._spec, self._directory)
        skipped = skipped_requirements(self._spec, self._directory)
        plan = replace(plan, notes=(*plan.notes, *notes, *skipped))
        if plan.launcher == "nursery" and (name := _preloaded_in(folders)):
            note = f"requirements bring their own {name}, which the nursery has imported already"
            self._warm, self._store = False, None
            again = self.plan()
            plan = replace(again, notes=(*again.notes, note))
        self._folders = folders
        if plan.launcher == "mpirun":
            mpirun.write_environment_files(self._spec, self._directory)
        return self._with_folders(plan)

    def submit(self, plan: LaunchPlan) -> None:
        """Start every process. Raises LaunchError when one cannot be started."""
        for name, feeder in pipe_feeders(self._spec, self._directory).items():
            self._children.fork_helper(name, feeder)
        if self._given.checkpoint_uri.startswith("s3://") and not self._restarts.count:
            sync = partial(keep_in_step, self._directory, self._given.checkpoint_uri)
            self._children.fork_helper(_CHECKPOINTS, sync)
        for process in plan.processes:
            if plan.launcher == "nursery" and not process.service:
                self._children.fork(process)
            else:
                self._execute(process)
        self._children.dismiss_standby()

    def poll(self) -> Outcome | None:
        """Return the outcome when all processes have ended; ends the rest after a failure."""
        running = self._children.poll()
        failed = [e for e in self._children.ended if e.exit_code != 0]
        if running and failed:
            self._end_siblings(failed[0])
        if running and self._children.broken_helper:
            # A reader would take what it got for a whole epoch, and wait for ever for the next.
            self.kill()
            return self._unfed(self._children.broken_helper)
        if running:
            return None
        outcome = judge(self._directory, self._own_ends(), self._spec.world_size)
        if outcome.exit_code and self._restarts.is_left and not self._is_asked_to_end:
            self._start_over(outcome)
            return None
        return outcome

    def news(self) -> News:
        """What the ranks were started anew for; all else that happens here the supervisor sees."""
        return News(notes=self._restarts.notes)

    def terminate(self) -> None:
        """End the ranks for good: SIGTERM to each, or to the launcher while none has begun."""
        self._is_asked_to_end = True
        self._end_ranks()

    def _end_ranks(self) -> None:
        self._terminated = self._terminated or time.time()
        ranks = living_ranks(self._directory)
        direct = any(plan.rank is not None for plan in self._children.running.values())
        if direct or not ranks:
            self._children.signal(signal.SIGTERM)
            return
        for process in ranks.values():
            with contextlib.suppress(OSError):
                os.kill(process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill every descendant of the supervisor, and take away what they had mounted."""
        self._children.kill()
        take_away(self._given, self._directory)

    def collect(self) -> tuple[str, ...]:
        """Pack model and output for ``output_path``, and send what belongs to S3."""
        notes = collect_artifacts(self._spec, self._directory)
        send_results(self._given, self._directory)
        return notes

    def _start_over(self, outcome: Outcome) -> None:
        """Start all ranks of all nodes anew, as at the beginning but for what was prepared."""
        self._restarts.begin(outcome)
        self._children.start_over(spared=_CHECKPOINTS)
        forget_ranks(self._spec, self._directory)
        spread_checkpoints(self._spec, self._directory)
        self._terminated = self._kill_at = None
        # With it goes its thread, so that ranks may be forked again.
        self._store = None
        self.submit(self._restarts.tell(self._with_folders(self.plan())))

    def _with_folders(self, plan: LaunchPlan) -> LaunchPlan:
        if not self._folders:
            return plan
        found = tuple(_with_path(process, self._folders) for process in plan.processes)
        return replace(plan, processes=found)

    def _execute(self, process: ProcessPlan) -> None:
        try:
            self._children.execute(process)
        except OSError as error:
            raise LaunchError(f"could not start {process.argv[0]}: {error}") from error

    def _end_siblings(self, failure: Ended) -> None:
        now = time.time()
        if self._terminated is None and now - failure.time > NOTICE_SECONDS:
            self._end_ranks()
            self._kill_at = now + min(SIBLING_SECONDS, self._spec.stop_seconds)
        elif self._kill_at is not None and now > self._kill_at:
            self.kill()

    def _unfed(self, channel: str) -> Outcome:
        log = self._directory.supervisor_log
        # The feeder's traceback ends in the exception itself.
        why = "".join(last_lines(log, 1))
        return Outcome(
            exit_code=1, reason=f"Pipe channel {channel} cannot be fed: {why}; see {log}"
        )

    def _own_ends(self) -> list[Ended]:
        """Ends that are not our own doing."""
        ended, since = self._children.ended, self._terminated
        ours = {-signal.SIGTERM, -signal.SIGKILL}
        own = [e for e in ended if since is None or e.time < since or e.exit_code not in ours]
        return own or ended


def _preloaded_in(folders: tuple[str, ...]) -> str | None:
    names = {name.partition(".")[0] for name in PRELOADED} - {"jupyter_sdt"}
    return next((n for n in sorted(names) for f in folders if Path(f, n).exists()), None)


def _with_path(process: ProcessPlan, folders: tuple[str, ...]) -> ProcessPlan:
    given = process.environment.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    path = os.pathsep.join([*folders, *([given] if given else [])])
    return replace(process, environment={**process.environment, "PYTHONPATH": path})
