"""One line of work of a microbatch: the step function, or what another stage has asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.calls import Border
from jupyter_sdt.runtime.modelparallel.pipeline.chain import APART, BACK, Part, Visit
from jupyter_sdt.runtime.modelparallel.pipeline.light_strand import LightStrand
from jupyter_sdt.runtime.modelparallel.pipeline.messages import (
    Answer,
    Backward,
    Burst,
    Call,
    Key,
    Phase,
    Push,
    Request,
    Result,
)
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor, is_remote
from jupyter_sdt.runtime.modelparallel.pipeline.sending import Post
from jupyter_sdt.runtime.modelparallel.pipeline.strand import Strand


@dataclass(slots=True)
class _Pending:
    """What will be sent to one stage."""

    requests: list[Request] = field(default_factory=list)
    tensors: dict[Key, torch.Tensor] = field(default_factory=dict)
    later: bool = True  # no request has to be sent before others come

    @property
    def foreseen(self) -> bool:
        """Whether all of it is calls whose results' forms are known."""
        return all(isinstance(r, Call) and r.expected is not None for r in self.requests)


@dataclass(slots=True, eq=False)
class Task:
    """``ready`` says whether a task that waits can go on; without it, it can.

    Requests are collected, and sent to a stage when there are new tensors for it, or when the task
    waits: a chain of calls is one burst for each stage, and so is its way back.
    """

    post: Post
    microbatch: int
    phase: Phase = "forward"
    root: bool = False
    caller: int = 0  # the stage that asked for it
    burst: Burst | None = None
    started: bool = False
    backward_asked: bool = False
    went_back: bool = False
    complete: bool = False
    attempt: int | None = None  # a number, where it goes back before all is answered
    turns_at: int | None = None  # the stage that then goes forward and back at once
    opens_at: int | None = None  # or that goes forward before it is asked to go back
    work: Callable[[], object] | None = None
    strand: Strand | None = None
    ready: Callable[[], bool] | None = None
    results: dict[int, Result] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)
    surprises: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    bursts: list[tuple[int, str]] = field(default_factory=list)
    borders: list[Border] = field(default_factory=list)
    _pending: dict[int, _Pending] = field(default_factory=dict)
    _owing: set[int] = field(default_factory=set)  # stages that have not answered the last burst
    _last: dict[int, int] = field(default_factory=dict)
    _last_frame: int | None = None
    _given: dict[tuple[int, int, int], Key] = field(default_factory=dict)
    _kept: list[torch.Tensor] = field(default_factory=list)

    def ask(
        self, stage: int, request: Request, pushes: Sequence[Push] = (), *, later: bool = False
    ) -> None:
        """Let ``stage`` do something, soon: at once if there are new tensors for it.

        ``pushes`` are for what comes out. With ``later`` it may go with what is sent next.
        """
        pending = self._for(stage)
        pending.later &= later
        pending.requests += [request, *pushes]
        if isinstance(request, Call):
            self.visits.append((stage, request.module))
        elif isinstance(request, Backward):
            self.visits.append((stage, BACK))
        if pending.tensors and not later:
            self._send(stage)

    def give(self, tensors: Sequence[torch.Tensor], stage: int) -> list[Key]:
        """Send tensors along with the next request, and return how ``stage`` will know them."""
        return [self._placed(tensor, stage) for tensor in tensors]

    def flush(self, *, later: bool = True) -> list[int]:
        """Send all that was asked; return the numbers of the answers to come.

        Without ``later`` what may go later is kept back.
        """
        if later:
            for stage in self._owing:
                self._for(stage)
        for stage, pending in list(self._pending.items()):
            if later or not pending.later:
                self._send(stage)
        return list(self.unanswered)

    def forget(self) -> None:
        """Let go of the tensors that were given to other stages."""
        self._kept.clear()
        self.borders.clear()
        self._given.clear()

    def hear(self, answer: Answer) -> None:
        """Something that was asked for is done."""
        self.unanswered.discard(answer.number)
        self.surprises.extend(answer.surprises)
        self.results.update((result.frame, result) for result in answer.results)

    @property
    def begins(self) -> Phase:
        """What it does first."""
        calls = self.burst is not None and isinstance(next(iter(self.burst.requests), None), Call)
        return "forward" if calls else self.phase

    @property
    def disappointed(self) -> bool:
        """Whether what it waits for will not come."""
        return self.attempt is not None and bool(self.surprises) and not self.unanswered

    def follow(self, frame: int, arguments: Sequence[torch.Tensor]) -> None:
        """Note where a call does not need the result of the one before it."""
        remote = [tensor for tensor in arguments if isinstance(tensor, RemoteTensor)]
        if self._last_frame not in (None, *(tensor.key[0] for tensor in remote)):
            self.bursts.append(APART)
        self._last_frame = frame

    @property
    def light(self) -> bool:
        """Whether it has no thread of its own."""
        return isinstance(self.strand, LightStrand)

    @property
    def finished(self) -> bool:
        """Whether all of it is done."""
        return self.strand is not None and self.strand.finished

    def end_part(self) -> bool:
        """Note what was asked since the last part; return whether there was anything to note."""
        if not (self.bursts or self.finished):
            return False
        self.parts.append(Part(tuple(self.visits), tuple(self.bursts)))
        self.visits.clear()
        self.bursts.clear()
        return True

    def _for(self, stage: int) -> _Pending:
        return self._pending.setdefault(stage, _Pending())

    def _send(self, stage: int) -> None:
        pending = self._pending.pop(stage)
        number = self.post.numbers.next()
        answered = stage != self.opens_at or not pending.foreseen
        burst = Burst(
            self.post.step,
            self.microbatch,
            number,
            self.phase,
            tuple(pending.requests),
            tuple(pending.tensors),
            self._last.get(stage),
            self.attempt,
            tuple(self.post.complete.pop(stage, ())),
            answered,
        )
        self._last[stage] = number
        self.bursts.append((stage, self.phase))
        self._expect(stage, number if answered else None)
        self.post.connections.send(stage, burst, list(pending.tensors.values()))
        self.post.send_order(stage)  # after what it can begin with

    def _expect(self, stage: int, number: int | None) -> None:
        """Wait for an answer; without a number for that to the next burst, which there will be."""
        if number is None:
            self.opens_at = None
            self._owing.add(stage)
        else:
            self._owing.discard(stage)
            self.unanswered.add(number)

    def _placed(self, tensor: torch.Tensor, stage: int) -> Key:
        if isinstance(tensor, RemoteTensor):
            if is_remote(tensor):
                return self._passed_on(tensor, stage)
            tensor = tensor.actual if tensor.actual is not None else tensor.value()
        version = 0 if tensor.is_inference() else tensor._version
        name = (stage, id(tensor), version)
        if name not in self._given:
            self._given[name] = key = (self.post.numbers.next(), "given", 0)
            self._kept.append(tensor)  # or another tensor might get its id
            self._for(stage).tensors[key] = tensor
        return self._given[name]

    def _passed_on(self, tensor: RemoteTensor, stage: int) -> Key:
        if stage not in tensor.stages:
            self.ask(tensor.stages[0], Push(tensor.key, stage))
            tensor.sent_to(stage)
        return tensor.key
