"""What comes to one stage during a step: tensors are kept, answers go to who asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.faults import ended, failed_elsewhere
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
    Order,
    Spoilt,
    Turn,
    TurnMessage,
    Values,
)
from jupyter_sdt.runtime.modelparallel.pipeline.sending import Post
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task

# How long a stage waits for the reason after a connection has ended, or for the end of the step.
_GRACE_SECONDS = 2.0


class Reader(Protocol):
    """Acts on what comes."""

    def start(self, burst: Burst, stage: int) -> None:
        """Do what ``stage`` asks for, when its turn comes."""

    def hear(self, message: TurnMessage) -> None:
        """Go by this order."""

    def surprised(self, modules: Iterable[int]) -> None:
        """Hear that the results of ``modules`` do not always have one form."""


class Mail:
    """Messages of the step ``post.step``; ``early`` are those of the next one.

    ``seconds`` is how long :meth:`wait` waits.
    """

    def __init__(self, post: Post, early: list[Delivery], seconds: float) -> None:
        self.outcome: tuple[Done, list[torch.Tensor]] | None = None
        self._post, self._seconds = post, seconds
        self._early = early
        self._held: dict[int, Held] = {}
        self._asked: dict[int, Task] = {}
        self._lost: int | None = None

    def read_early(self, reader: Reader) -> None:
        """Take what came before this step began."""
        waiting, self._early[:] = list(self._early), []
        for delivery in waiting:
            self._take(delivery, reader)

    def held(self, microbatch: int) -> Held:
        """What is here of a microbatch."""
        return self._held.setdefault(microbatch, Held())

    def forget(self, *microbatches: int) -> None:
        """Let go of all that is here of complete microbatches."""
        for microbatch in microbatches:
            self._held.pop(microbatch, None)

    def forget_all(self) -> None:
        """Let go of everything."""
        self._held.clear()

    def expect(self, answers: Iterable[int], task: Task) -> None:
        """Tell ``task`` of these answers when they come."""
        self._asked.update(dict.fromkeys(answers, task))

    def read(self, reader: Reader) -> None:
        """Take everything that has come."""
        while self._receive(0, reader):
            pass

    def wait(self, reader: Reader) -> None:
        """Take the next message. Raises StageError when there is none in time."""
        seconds = self._seconds if self._lost is None else _GRACE_SECONDS
        if not self._receive(seconds, reader):
            raise ended(self._post.connections, self._lost, seconds)

    def _receive(self, seconds: float, reader: Reader) -> bool:
        delivery = self._post.connections.receive(seconds)
        if delivery is not None:
            self._take(delivery, reader)
        return delivery is not None

    def _take(self, delivery: Delivery, reader: Reader) -> None:
        stage, message, tensors = delivery
        if isinstance(message, Lost):
            # The first is the cause. A replica may have finished; if not, its own stages know.
            if self._lost is None and message.rank in self._post.connections.ranks:
                self._lost = message.rank
        elif message.step > self._post.step:
            self._early.append(delivery)
        elif message.step == self._post.step:
            self._handle(stage, message, tensors, reader)
        elif isinstance(message, Failed) and message.step >= self._post.sound:
            raise failed_elsewhere(message)  # at what it still had to do when we had done our part

    def _handle(
        self, stage: int, message: Message, tensors: list[torch.Tensor], reader: Reader
    ) -> None:
        match message:
            case Values(_, microbatch, keys, absent):
                self.held(microbatch).store(keys, tensors, absent)
            case Answer():
                self._answered(message, tensors, reader)
            case Burst():
                self.forget(*message.complete)
                self.held(message.microbatch).store(message.keys, tensors)
                reader.start(message, stage)
            case Spoilt():
                self.held(message.microbatch).spoilt.add(message.attempt)
            case Done():
                self.outcome = (message, tensors)
            case Failed():
                raise failed_elsewhere(message)
            case Order() | Astray() | Turn():
                reader.hear(message)

    def _answered(self, answer: Answer, tensors: list[torch.Tensor], reader: Reader) -> None:
        task = self._asked.pop(answer.number)
        task.hear(answer)
        if answer.surprises:
            reader.surprised(answer.surprises)
        self.held(answer.microbatch).store(answer.keys, tensors, answer.absent)
