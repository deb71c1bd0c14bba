"""One step on one stage: take messages in, let the task go on whose turn it is, until all is done.

Everything runs under one baton: exactly one task computes at a time, and between two tasks the loop
looks what has arrived.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from jupyter_sdt.runtime.modelparallel.pipeline import order
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.faults import (
    Surprise,
    ended,
    failed_elsewhere,
)
from jupyter_sdt.runtime.modelparallel.pipeline.held import Held
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Delivery
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Answer,
    Astray,
    Burst,
    Done,
    Failed,
    Lost,
    Message,
    Spoilt,
    TurnMessage,
    Values,
)
from jupyter_sdt.runtime.modelparallel.pipeline.service import Service
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Strand
from jupyter_sdt.runtime.modelparallel.pipeline.task import Post, Task
from jupyter_sdt.runtime.modelparallel.pipeline.timeline import Timeline
from jupyter_sdt.runtime.modelparallel.pipeline.turns import Turns

# How long a stage waits for the reason after a connection has ended, or for the end of the step.
_GRACE_SECONDS = 2.0


class Loop:
    """``server`` does what a burst asks for; ``early`` are messages of the next step.

    Where ``turns`` follow an order, it holds as long as step functions are ``as_recorded``.
    """

    def __init__(
        self,
        post: Post,
        server: Service,
        early: list[Delivery],
        seconds: float,
        replicas: Connections | None = None,
    ) -> None:
        self.post = post
        self.running: Task | None = None
        self.outcome: tuple[Done, list[torch.Tensor]] | None = None
        self.as_recorded: Callable[[Task], bool] | None = None
        self.timeline = Timeline()
        self._server, self._seconds = server, seconds
        self.turns = Turns(post.step, replicas)
        self._held: dict[int, Held] = {}
        self._tasks: list[Task] = []
        self._asked: dict[int, Task] = {}
        self._lost: int | None = None
        self._early: list[Delivery] = []
        for delivery in early:
            self._take(delivery)
        early[:] = self._early
        self._early = early

    def held(self, microbatch: int) -> Held:
        """What is here of a microbatch."""
        return self._held.setdefault(microbatch, Held())

    def forget(self, task: Task) -> None:
        """Let go, on all stages, of what there is of the microbatch of a complete ``task``."""
        self._held.pop(task.microbatch, None)
        task.forget()
        self.post.forget(task.microbatch, range(1, len(self.post.connections.ranks)))

    def add(self, task: Task, work: Callable[[], object]) -> None:
        """Have ``work`` done when its turn comes."""
        task.work = work
        self.turns.enter(task)
        self._tasks.append(task)

    def run(self, done: Callable[[], bool]) -> None:
        """Go on until ``done``. Raises what a task raised, and StageError for other stages."""
        while not done():
            while self._receive(0):
                pass
            task = self.turns.choose(self._tasks)
            if task is not None:
                self._resume(task)
            elif not done():
                self._wait_for_message()

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
        self._asked.update(dict.fromkeys(task.flush(later=later), task))
        return task

    def _pause(self, task: Task, ready: Callable[[], bool], *, let_others: bool = False) -> None:
        if ready() and not (let_others or self.turns.alike):  # which counts how often it goes on
            return
        if task.strand is not None:
            task.ready = ready
            task.strand.pause()
            return
        self.turns.leave_order()  # it was not expected to wait; others run on top of it
        self.timeline.end()  # waiting is no work, and what runs on top has times of its own
        self.run(ready)
        self.running = task
        self.timeline.begin(task.microbatch, task.phase)

    def current(self) -> Task:
        """The task that runs. Raises RuntimeError outside of one."""
        if self.running is None:
            raise RuntimeError("no task runs")
        return self.running

    def cancel(self) -> None:
        """Give up the step."""
        for task in self._tasks:
            if task.strand is not None:
                task.strand.cancel()
        self._tasks.clear()
        self._held.clear()

    @property
    def idle(self) -> bool:
        """Whether no task is under way."""
        return not self._tasks

    def _resume(self, task: Task) -> None:
        assert task.work is not None
        self.running = task
        self.timeline.begin(task.microbatch, task.begins)
        if not self.turns.alike and not task.started and self._server.stays_here(self, task):
            self._tasks.remove(task)
            task.work()
            task.work = task.ready = None  # what leads back to this loop
            self.turns.passed(task)
        else:
            self._resume_strand(task, task.work)
        self.timeline.end()
        self.running = None

    def _resume_strand(self, task: Task, work: Callable[[], object]) -> None:
        task.ready, task.started = None, True
        task.strand = task.strand or Strand(work)
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
        """Have all stages leave the order when a step function leaves the record."""
        if not (task.root and self.turns.fixed and self.as_recorded):
            return
        if not self.as_recorded(task):
            self.turns.leave_order()
            for stage in range(1, len(self.post.connections.ranks)):
                self.post.connections.send(stage, Astray(self.post.step))

    def _wait_for_message(self) -> None:
        seconds = self._seconds if self._lost is None else _GRACE_SECONDS
        if not self._receive(seconds):
            raise ended(self.post.connections, self._lost, seconds)

    def _receive(self, seconds: float) -> bool:
        delivery = self.post.connections.receive(seconds)
        if delivery is not None:
            self._take(delivery)
        return delivery is not None

    def _take(self, delivery: Delivery) -> None:
        stage, message, tensors = delivery
        if isinstance(message, Lost):
            # The first is the cause. A replica may have finished; if not, its own stages know.
            if self._lost is None and message.rank in self.post.connections.ranks:
                self._lost = message.rank
        elif message.step > self.post.step:
            self._early.append(delivery)
        elif message.step == self.post.step:
            self._handle(stage, message, tensors)

    def _handle(self, stage: int, message: Message, tensors: list[torch.Tensor]) -> None:
        match message:
            case Values(_, microbatch, keys, absent):
                self.held(microbatch).store(keys, tensors, absent)
            case Answer():
                self._answered(message, tensors)
            case Burst():
                for microbatch in message.complete:
                    self._held.pop(microbatch, None)
                self.held(message.microbatch).store(message.keys, tensors)
                self._start(message, stage)
            case Spoilt():
                self.held(message.microbatch).spoilt.add(message.attempt)
            case Done():
                self.outcome = (message, tensors)
            case Failed():
                raise failed_elsewhere(message)
            case _ if isinstance(message, TurnMessage):
                self.turns.hear(message)

    def _answered(self, answer: Answer, tensors: list[torch.Tensor]) -> None:
        task = self._asked.pop(answer.number)
        task.hear(answer)
        if answer.surprises:
            self._server.surprised(answer.surprises)
        self.held(answer.microbatch).store(answer.keys, tensors, answer.absent)

    def _start(self, burst: Burst, stage: int) -> None:
        task = Task(self.post, burst.microbatch, burst.phase, caller=stage, burst=burst)
        missing = order.needs(burst)
        task.ready = lambda: order.is_ready(burst, self.held(burst.microbatch), missing)
        self.add(task, lambda: self._server.serve(self, task, burst))
