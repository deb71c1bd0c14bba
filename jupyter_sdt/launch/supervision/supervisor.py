"""The process that owns one job to its end. It outlives the kernel, the server and the terminal.

One thread and no pipes: whoever wants to know something reads the job directory, whoever wants
the job to stop creates a file in it. It runs either as a fork of the nursery or, without one, as
``python -m jupyter_sdt.launch.supervision.supervisor``.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

from jupyter_sdt.errors import SdtError
from jupyter_sdt.launch.backend import Backend, Outcome
from jupyter_sdt.launch.channels.s3_channels import needs_s3
from jupyter_sdt.launch.local_backend import LocalBackend
from jupyter_sdt.launch.node.conditions import record_conditions
from jupyter_sdt.launch.node.directory import write_failure
from jupyter_sdt.launch.nursery.standby import StandbyRank
from jupyter_sdt.launch.remote.backend import SageMakerBackend
from jupyter_sdt.launch.supervision.children import become_subreaper
from jupyter_sdt.launch.supervision.ending import Ending
from jupyter_sdt.launch.supervision.resources import ResourceSampler
from jupyter_sdt.launch.supervision.state_keeper import StateKeeper
from jupyter_sdt.launch.supervision.watchdog import Watchdog
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.files import write_json
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.regex_metrics import RegexMetrics

REGEX_SECONDS = 0.2


def supervise(
    directory: JobDirectory, *, lock: int, warm: bool, standby: Iterable[StandbyRank] = ()
) -> int:
    """Run the job of ``directory`` and return the exit code for the supervisor itself.

    ``lock`` is the descriptor that holds the job's lock; it stays open as long as this process
    lives. ``warm`` says that ranks may be forked from this process, ``standby`` are some already
    forked.
    """
    become_subreaper()
    keeper = StateKeeper(directory)
    ending = Ending(directory)
    _take_signals(ending)
    try:
        keeper.begin()
        spec = directory.read_spec()
        backend: Backend
        if find_instance(spec.instance_type).local:
            backend = LocalBackend(spec, directory, warm=warm, private=(lock,), standby=standby)
        else:
            for rank in standby:
                rank.dismiss()
            backend = SageMakerBackend(spec, directory)
        return _Supervisor(spec, directory, backend, keeper, ending).run()
    except SdtError as error:
        ending.check(time.time())  # what was stopped on request has not failed
        keeper.enter("Stopped" if ending.asked else "Failed", failure_reason=str(error))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the job must get an end
        with contextlib.suppress(OSError):  # our log is on the disk that may be full
            traceback.print_exc()
        reason = f"the supervisor failed: {type(error).__name__}: {error}"
        keeper.enter("Failed", failure_reason=f"{reason}; see {directory.supervisor_log}")
    return 1


class _Supervisor:
    """The phases of one job's life."""

    def __init__(
        self,
        spec: JobSpec,
        directory: JobDirectory,
        backend: Backend,
        keeper: StateKeeper,
        ending: Ending,
    ) -> None:
        self._spec = spec
        self._directory = directory
        self._backend = backend
        self._keeper = keeper
        self._ending = ending
        self._watchdog = Watchdog(spec, directory)
        self._notes: tuple[str, ...] = ()
        self._regexes = RegexMetrics(directory, spec.metric_definitions)
        self._resources: ResourceSampler | None = None

    def run(self) -> int:
        """Prepare, train, collect; the state tells of each phase."""
        try:
            self._launch()
            outcome = self._watch()
        finally:
            if self._resources is not None:
                self._resources.close()
            self._backend.kill()
        self._regexes.finish()
        return self._finish(outcome)

    def _launch(self) -> None:
        plan = self._backend.plan()
        self._keeper.change(launcher=plan.launcher, world_size=plan.world_size, notes=plan.notes)
        local = not self._backend.own_phases
        if local and (self._spec.channels or self._spec.requirements or needs_s3(self._spec)):
            self._keeper.enter("Downloading")
        plan = self._backend.prepare(plan)
        self._notes = plan.notes
        if plan.notes != self._keeper.state.notes:
            self._keeper.change(notes=plan.notes)
        self._backend.submit(plan)
        if local:
            self._keeper.enter("Training")
            self._resources = ResourceSampler(self._spec, self._directory)
        with contextlib.suppress(OSError):  # a full disk: the ranks run all the same
            write_json(self._directory.plan_file, plan.to_json(), durable=False)
            if local:
                record_conditions(self._spec, self._directory, plan)

    def _watch(self) -> Outcome:
        allowed_seconds = math.inf if self._backend.own_phases else self._spec.max_run_seconds
        ends_at = time.time() + allowed_seconds
        next_regexes = 0.0
        while (outcome := self._backend.poll()) is None:
            now = time.time()
            self._tell_news()
            if now >= next_regexes:
                self._regexes.poll()
                next_regexes = now + REGEX_SECONDS
            if self._resources is not None:
                self._resources.poll()
            self._watchdog.check(now, self._ending)
            self._ending.check(now)
            if now >= ends_at:
                allowed = f"{self._spec.max_run_seconds:g} s"
                self._ending.ask("MaxRuntimeExceeded", f"it ran longer than max_run={allowed}")
            self._act(now)
            time.sleep(self._backend.poll_seconds)
        self._tell_news()
        return outcome

    def _tell_news(self) -> None:
        news = self._backend.news()
        for step in news.transitions:
            self._keeper.follow(step)
        if (notes := (*self._notes, *news.notes)) != self._keeper.state.notes:
            self._keeper.change(notes=notes)
        if news.billing != self._keeper.state.billing:
            self._keeper.change(billing=news.billing)

    def _act(self, now: float) -> None:
        if not self._ending.asked:
            return
        if self._ending.begin(now, self._spec.stop_seconds):
            self._keeper.enter("Stopping", failure_reason=self._ending.reason)
            self._backend.terminate()
        elif self._ending.overdue(now):
            self._backend.kill()

    def _finish(self, outcome: Outcome) -> int:
        if self._spec.output_path and not self._backend.own_phases:
            self._keeper.enter("Uploading")
        notes = (*self._keeper.state.notes, *self._collected(outcome))
        secondary = self._ending.secondary_status(outcome)
        reason = self._ending.reason or outcome.reason
        if secondary == "Failed":
            for node in self._spec.nodes:
                with contextlib.suppress(OSError):  # state.json tells it, too
                    write_failure(self._directory, node, reason)
        self._keeper.enter(
            secondary,
            at=outcome.ended_seconds,
            failure_reason="" if secondary in ("Completed", "Stopped") else reason,
            exit_code=outcome.exit_code,
            failed_rank=outcome.failed_rank if secondary == "Failed" else None,
            notes=notes,
        )
        return 0

    def _collected(self, outcome: Outcome) -> tuple[str, ...]:
        """Notes of the collecting; where it fails, too, training's own failure is the reason."""
        try:
            return self._backend.collect()
        except SdtError as error:
            if not outcome.exit_code:
                raise
            return (str(error),)


def _take_signals(ending: Ending) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: ending.ask("Stopped"))


def main() -> None:
    """Supervise one job in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", type=Path)
    parser.add_argument("--lock", type=int, required=True)
    arguments = parser.parse_args()
    sys.exit(supervise(JobDirectory(arguments.job), lock=arguments.lock, warm=False))


if __name__ == "__main__":
    main()
