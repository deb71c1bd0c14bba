"""One step on one stage: take messages in, let the task go on whose turn it is, until all is done.

Everything runs under one baton: exactly one task computes at a time, and between two tasks the loop
looks what has arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch

from jupyter_sdt.runtime.modelparallel.pipeline import order
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.faults import Surprise
from jupyter_sdt.runtime.modelparallel.pipeline.held import Held
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Delivery
from jupyter_sdt.runtime.modelparallel.pipeline.light_strand import LightStrand
from jupyter_sdt.runtime.modelparallel.pipeline.mail import Mail
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Astray,
    Burst,
    Done,
    Phase,
    TurnMessage,
)
from jupyter_sdt.runtime.modelparallel.pipeline.randomness import RandomNumbers
from jupyter_sdt.runtime.modelparallel.pipeline.sending import Post
from jupyter_sdt.runtime.modelparallel.pipeline.service import Service
from jupyter_sdt.runtime.modelparallel.pipeline.settings import Settings
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task
from jupyter_sdt.runtime.modelparallel.pipeline.thread_strand import ThreadStrand, dismiss_idle
from jupyter_sdt.runtime.modelparallel.pipeline.timeline import Timeline
from jupyter_sdt.runtime.modelparallel.pipeline.turns import Turns


class Loop:
    """``server`` does what a burst asks for; ``early`` are messages of the next step.

    Where ``turns`` follow an order, it holds as long as step functions are ``as_recorded``.
    """

    def __init__(
        self,
        post: Post,
        server: Service,
        early: list[Delivery],
        settings: Settings,
        replicas: Connections | None = None,
    ) -> None:
        self.post = post
        self.running: Task | None = None
        self.as_recorded: Callable[[Task], bool] | None = None
        self.light = self.ran_on_top = False
        self.timeline = Timeline()
        self.turns = Turns(post.step, replicas)
        self._random = RandomNumbers(post.connections.stage, settings.device)
        self._server = server
        self._tasks: list[Task] = []
        self._mail = Mail(post, early, settings.seconds)
        self._mail.read_early(self)

    @property
    def outcome(self) -> tuple[Done, list[torch.Tensor]] | None:
        """How the step ended, as the first stage has told."""
        return self._mail.outcome

    def held(self, microbatch: int) -> Held:
        """What is here of a microbatch."""
        return self._mail.held(microbatch)

    def forget(self, task: Task) -> None:
        """Let go, on all stages, of what there is of the microbatch of a complete ``task``."""
        self._mail.forget(task.microbatch)
        task.forget()
        self.post.forget(task.microbatch, range(1, len(self.post.connections.ranks)))

    def add(self, task: Task, work: Callable[[], object]) -> None:
        """Have ``work`` done when its turn comes."""
        task.work = work
        self.turns.enter(task)
        self._tasks.append(task)

    def start(self, burst: Burst, stage: int) -> None:
        """Do what ``stage`` asks for, when its turn comes."""
        task = Task(self.post, burst.microbatch, burst.phase, caller=stage, burst=burst)
        missing = order.needs(burst)
        task.ready = lambda: order.is_ready(burst, self.held(burst.microbatch), missing)
        self.add(task, lambda: self._server.serve(self, task, burst))

    def hear(self, message: TurnMessage) -> None:
        """Go by this order."""
        self.turns.hear(message)

    def surprised(self, modules: Iterable[int]) -> None:
        """Hear that the results of ``modules`` do not always have one form."""
        self._server.surprised(modules)

    def run(self, done: Callable[[], bool]) -> None:
        """Go on until ``done``. Raises what a task raised, and StageError for other stages."""
        while not done():
            self._mail.read(self)
            task = self.turns.choose(self._tasks)
            if task is not None:
                self._resume(task)
            elif not done():
                self._mail.wait(self)

    def wait(self, ready: Callable[[], bool]) -> None:
        """Within a task: send what it asked for, and let others run until ``ready``.

        Raises Surprise when that will never be.
        """
        task = self.send()
        self._pause(task, lambda: ready() or task.disappointed)
        if not ready():
            raise Surprise

    def wait_for_turn(self, ready: Callable[[], bool], *, let_others: bool) -> None:
        """Within a task: let others run until ``ready``; ``let_others`` even if it is."""
        self._pause(self.current(), ready, let_others=let_others)

    def settle(self, *, later: bool = True) -> None:
        """Within a task: wait until everything is done that it asked for, or that was sent."""
        task = self.send(later=later)
        self._pause(task, lambda: not task.unanswered)

    def send(self, *, later: bool = True) -> Task:
        """Within a task: send what it asked for; without ``later`` not what may go later."""
        task = self.current()
        self._mail.expect(task.flush(later=later), task)
        return task

    def _pause(self, task: Task, ready: Callable[[], bool], *, let_others: bool = False) -> None:
        if ready() and not (let_others or self.turns.alike):  # which counts how often it goes on
            return
        if task.strand is not None and task.strand.may_pause:
            task.ready = ready
            task.strand.pause()
        else:
            self._run_on_top(task, ready)

    def _run_on_top(self, task: Task, ready: Callable[[], bool]) -> None:
        """Let others run although ``task``, which was not expected to wait, cannot give way."""
        self.ran_on_top |= task.light
        self.light = False
        self._leave_order(task)
        self._leave()  # waiting is no work, and what runs on top has times of its own
        with self._without_light():
            self.run(ready)
        self._enter(task, task.phase)

    @contextmanager
    def _without_light(self) -> Iterator[None]:
        """Set strands aside that would go on under what has been entered here."""
        light = [task for task in self._tasks if task.light]
        self._tasks = [task for task in self._tasks if not task.light]
        try:
            yield
        finally:
            self._tasks += light

    def current(self) -> Task:
        """The task that runs. Raises RuntimeError outside of one."""
        if self.running is None:
            raise RuntimeError("no task runs")
        return self.running

    def go_without_threads(self) -> None:
        """Let step functions share this thread, as long as the order holds."""
        self.light = True
        dismiss_idle()

    def close(self) -> Timeline:
        """Leave the step; return when what was done."""
        self._random.enter(None)
        return self.timeline

    def cancel(self) -> None:
        """Give up the step."""
        for task in self._tasks:
            if task.strand is not None:
                task.strand.cancel()
        self._tasks.clear()
        self._mail.forget_all()

    @property
    def idle(self) -> bool:
        """Whether no task is under way."""
        return not self._tasks

    def _resume(self, task: Task) -> None:
        assert task.work is not None
        self._enter(task, task.begins)
        if not self.turns.alike and not task.started and self._server.stays_here(self, task):
            self._tasks.remove(task)
            task.work()
            task.work = task.ready = None  # what leads back to this loop
            self.turns.passed(task)
        else:
            self._resume_strand(task, task.work)
        self._leave()

    def _enter(self, task: Task, phase: Phase) -> None:
        self.running = task
        self.timeline.begin(task.microbatch, phase)
        self._random.enter(task.microbatch)

    def _leave(self) -> None:
        self.timeline.end()
        self.running = None

    def _resume_strand(self, task: Task, work: Callable[[], object]) -> None:
        if task.strand is None:
            light = self.light and task.root and self.turns.fixed and not self.turns.alike
            task.strand = LightStrand(work) if light else ThreadStrand(work)
        task.ready, task.started = None, True
        task.strand.resume()
        if task.end_part() if task.root else task.finished:
            self.turns.passed(task)
            self._compare(task)
        if task.strand.finished:
            self._tasks.remove(task)
            task.work = task.ready = None  # what leads back to this loop
            if task.strand.error is not None:
                raise task.strand.error

    def _compare(self, task: Task) -> None:
        """Leave the order when a step function leaves the record."""
        if task.root and self.turns.fixed and self.as_recorded and not self.as_recorded(task):
            self._leave_order(task)

    def _leave_order(self, task: Task) -> None:
        if task.root and self.turns.fixed:  # the first stage decides for all
            self.post.orders.clear()
            for stage in range(1, len(self.post.connections.ranks)):
                self.post.connections.send(stage, Astray(self.post.step))
        self.turns.leave_order()
