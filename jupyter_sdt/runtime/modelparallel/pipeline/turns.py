"""Whose turn it is on this stage: by a fixed order, as it comes, or as the first replica says."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from jupyter_sdt.runtime.modelparallel.pipeline import order
from jupyter_sdt.runtime.modelparallel.pipeline.chain import Name
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Astray,
    Order,
    Turn,
    TurnMessage,
)
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task


class Turns:
    """Chooses the next task of one step: in a fixed order where there is one, else what is ready.

    With ``replicas`` the first of them chooses and tells the others. Its order can be followed by
    all, because it respects what the tasks of each microbatch wait for; provided that the replicas
    call the same modules.
    """

    def __init__(self, step: int, replicas: Connections | None) -> None:
        self._step, self._replicas = step, replicas
        self._told: deque[Name] = deque()
        self._order: deque[Name] | None = None
        self._passed: set[Name] = set()  # before there was an order
        self._names: dict[Task, Name] = {}
        self._bursts: Counter[tuple[int, int]] = Counter()

    @property
    def alike(self) -> bool:
        """Whether all replicas do the same in the same order."""
        return self._replicas is not None

    @property
    def fixed(self) -> bool:
        """Whether there is an order that holds."""
        return self._order is not None

    @property
    def at_last(self) -> bool:
        """Whether the task that is done now ends an order that this stage alone keeps to."""
        return not self.alike and self._order is not None and len(self._order) == 1

    def follow(self, names: Iterable[Name]) -> None:
        """Choose tasks in this order; some may have been before it was known."""
        self._order = deque(name for name in names if name not in self._passed)

    def leave_order(self) -> None:
        """Choose of what is ready from now on."""
        self._order = None

    def passed(self, task: Task) -> None:
        """What the order says of ``task`` is done."""
        if self._order is None:
            self._passed.add(self._names[task])
        elif self._order and self._order[0] == self._names[task]:
            self._order.popleft()

    def enter(self, task: Task) -> None:
        """A task has come: it is known everywhere by its microbatch and where it came from."""
        sender = -1 if task.root else task.caller
        count = self._bursts[task.microbatch, sender]
        self._names[task] = task.microbatch, sender, count
        self._bursts[task.microbatch, sender] += 1

    def hear(self, message: TurnMessage) -> None:
        """The first stage has said what holds, or the first replica what it has chosen."""
        match message:
            case Order():
                self.follow(message.names)
            case Astray():
                self.leave_order()
            case Turn():
                self._told.append(message.task)

    def choose(self, tasks: Sequence[Task]) -> Task | None:
        """The task that goes on; None when it is not ready yet."""
        if self._replicas is None:
            return self._next(tasks)
        if self._replicas.stage == 0:
            return self._lead(tasks, self._replicas)
        found = [task for task in tasks if self._told and self._names[task] == self._told[0]]
        task = order.next_task(found)
        if task is not None:
            self._told.popleft()
        return task

    def _lead(self, tasks: Sequence[Task], replicas: Connections) -> Task | None:
        task = self._next(tasks)
        if task is not None:
            for replica in range(1, len(replicas.ranks)):
                replicas.send(replica, Turn(self._step, self._names[task]))
        return task

    def _next(self, tasks: Sequence[Task]) -> Task | None:
        if not self._order:
            return order.next_task(tasks)
        return order.next_task(task for task in tasks if self._names[task] == self._order[0])
