"""The engine of one stage: runs steps, one after another, together with the other stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.allocator import share_one_arena
from jupyter_sdt.runtime.modelparallel.pipeline.calls import Gradients, go_back
from jupyter_sdt.runtime.modelparallel.pipeline.chain import ASKED, READY
from jupyter_sdt.runtime.modelparallel.pipeline.connections import Connections
from jupyter_sdt.runtime.modelparallel.pipeline.draining import Drain
from jupyter_sdt.runtime.modelparallel.pipeline.faults import Surprise, tell_failure
from jupyter_sdt.runtime.modelparallel.pipeline.inbox import Delivery
from jupyter_sdt.runtime.modelparallel.pipeline.light_strand import available
from jupyter_sdt.runtime.modelparallel.pipeline.loop import Loop
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Mode
from jupyter_sdt.runtime.modelparallel.pipeline.mode import applied, current_mode
from jupyter_sdt.runtime.modelparallel.pipeline.modules import Modules
from jupyter_sdt.runtime.modelparallel.pipeline.remote_call import Caller
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import is_remote
from jupyter_sdt.runtime.modelparallel.pipeline.replay import Replay
from jupyter_sdt.runtime.modelparallel.pipeline.results import (
    check_surprises,
    finished,
    tell,
    told,
)
from jupyter_sdt.runtime.modelparallel.pipeline.sending import Numbers, Post
from jupyter_sdt.runtime.modelparallel.pipeline.serving import Server
from jupyter_sdt.runtime.modelparallel.pipeline.settings import Settings
from jupyter_sdt.runtime.modelparallel.pipeline.stubs import replace_remote, self_contained
from jupyter_sdt.runtime.modelparallel.pipeline.task import Task
from jupyter_sdt.runtime.modelparallel.pipeline.timeline import Timeline

StepFunction = Callable[[int], Any]


class Engine:
    """Stage ``connections.stage`` of a pipeline over ``model``.

    ``stage_of`` gives each of ``model.named_modules()`` its stage, the same on all ranks. With
    ``replicas``, connections to the other replicas of the stage, all of them do the same in the
    same order.
    """

    def __init__(
        self,
        model: nn.Module,
        stage_of: Mapping[str, int],
        connections: Connections,
        settings: Settings,
        replicas: Connections | None = None,
    ) -> None:
        self._model, self._connections, self._settings = model, connections, settings
        self._replicas, self._interleaved = replicas, settings.schedule == "interleaved"
        self._modules, stage_of = Modules.of(model), dict(stage_of)
        replace_remote(self._modules, stage_of, self.stage, self._call)
        self._modules.add_functions()
        alone = [self_contained(self._modules, stage_of, s) for s in range(settings.stages)]
        waits = self.stage > 0 and replicas is None
        self._drain = Drain(possible=waits and connections.inbox.has_core)
        self._server = Server(self._modules, alone[self.stage], settings.device, self._drain)
        whole = frozenset((stage, number) for stage, here in enumerate(alone) for number in here)
        self._replay = Replay(settings.schedule, settings.active, whole)
        self.replayed = self.went_back = self._detach = False
        self._numbers, self._light = Numbers(self.stage), available()
        share_one_arena()
        self._step = self._sound = 0
        self._early: list[Delivery] = []
        self._loop: Loop | None = None
        self._caller: Caller | None = None
        self.timeline = Timeline()
        self._roots: list[Task] = []

    @property
    def stage(self) -> int:
        """The stage of this rank."""
        return self._connections.stage

    def runs_of(self, sequence: nn.Sequential) -> list[nn.Sequential]:
        """Neighbours in ``sequence`` that are called together from another stage."""
        children, own = set(sequence), set(self._model.modules())
        extra = [module for module in self._modules.modules if module not in own]
        return [run for run in extra if isinstance(run, nn.Sequential) and children >= set(run)]

    @property
    def in_step(self) -> bool:
        """Whether the step function of a microbatch runs, so that modules can be called."""
        return self._loop is not None and self._loop.running is not None

    def run_step(
        self, function: StepFunction, microbatches: int, *, detach: bool = False
    ) -> list[Any]:
        """Run ``function(microbatch)`` for each, on stage 0; return what it returned, everywhere.

        ``detach`` it, so that a microbatch that is done holds no memory any more.
        All stages call it. Raises what ``function`` raised where it did, and StageError on the
        other stages.
        """
        self._step += 1
        post = Post(self._step, self._connections, self._numbers, self._sound)
        loop = Loop(post, self._server, self._early, self._settings, self._replicas)
        self._loop, self._caller = loop, Caller(loop, self._modules, self._settings.device)
        self._detach = detach
        try:
            return self._follow(loop) if self.stage else self._lead(loop, function, microbatches)
        except BaseException as error:
            self._fail(loop, error)
            raise
        finally:
            self.timeline = loop.close()
            self._loop = self._caller = None

    def backward(self, tensors: Sequence[torch.Tensor], gradients: Gradients) -> None:
        """Within the step function: go back from ``tensors`` when it is this microbatch's turn."""
        loop = self._running()
        task = loop.current()
        away = all(is_remote(tensor) for tensor in tensors)
        ahead = away and task.attempt is not None and self._replay.begins_as_recorded(task)
        if ahead:
            loop.send(later=False)
        else:
            self._stop(loop, task, away=away)
        task.backward_asked = task.went_back = True
        task.phase = "backward"
        loop.timeline.turn("backward")
        try:
            go_back(tensors, gradients, task.borders if ahead else ())
        except Surprise:  # so nothing went back
            task.went_back = False
            raise
        finally:
            task.phase = "forward"
            loop.timeline.turn("forward")

    def _stop(self, loop: Loop, task: Task, *, away: bool) -> None:
        """Wait until everything before backward is done, and done right."""
        if away:
            task.bursts.append(READY)
        loop.settle(later=False)
        if task.surprises:
            raise Surprise
        task.backward_asked = True
        if not self._interleaved:
            task.bursts.append(ASKED)
        loop.wait_for_turn(self._may_go_back, let_others=not self._interleaved)

    def _may_go_back(self) -> bool:
        asked = (other.backward_asked or other.complete for other in self._roots)
        return self._interleaved or all(asked)

    def _lead(self, loop: Loop, function: StepFunction, microbatches: int) -> list[Any]:
        results: list[Any] = [None] * microbatches
        self._roots = [Task(loop.post, number, root=True) for number in range(microbatches)]
        mode = current_mode()
        self._begin_order(loop, mode, microbatches)
        for task in self._roots:
            task.ready = self._may_start

            def work(task: Task = task) -> None:
                if loop.turns.fixed:
                    self._replay.prepare(task)
                with applied(mode):
                    results[task.microbatch] = self._returned(loop, task, function)
                task.complete = True
                loop.forget(task)

            loop.add(task, work)
        loop.run(lambda: loop.idle)
        self.went_back = any(task.backward_asked for task in self._roots)
        self.replayed = loop.turns.fixed
        self._light &= not loop.ran_on_top
        if self.went_back and not self.replayed:
            self._replay.learn(mode, self._roots)
        tell(loop.post, results, self._modules, went_back=self.went_back)
        return results

    def _begin_order(self, loop: Loop, mode: Mode, microbatches: int) -> None:
        """Where this step is known, have all stages do it in that order."""
        tables = self._replay.begin(mode, microbatches)
        if tables is not None:
            loop.post.orders |= {stage: names for stage, names in tables.items() if stage}
            loop.as_recorded = self._replay.as_recorded
            if self._light and not self._replay.stops:
                loop.go_without_threads()
            loop.turns.follow(tables[0])

    def _returned(self, loop: Loop, task: Task, function: StepFunction) -> Any:
        """What ``function`` returns; it runs again if it went by a form that proved wrong."""
        while True:
            try:
                returned = finished(function(task.microbatch), self._modules, detach=self._detach)
                loop.settle()
            except (Exception, Surprise):
                loop.settle()
                if not task.surprises:
                    raise
            if not task.surprises:
                return returned
            check_surprises(task, self._modules)
            task.surprises.clear()
            task.attempt = task.turns_at = task.opens_at = None

    def _may_start(self) -> bool:
        if not self._interleaved:
            return True
        active = sum(other.started and not other.complete for other in self._roots)
        return active < self._settings.active

    def _call(self, number: int, stage: int, arguments: tuple[Any, ...], named: Any) -> Any:
        if self._caller is None or not self.in_step:
            name = self._modules.names[number] or "the model"
            raise RuntimeStateError(
                f"{name} was called outside of smp.step: with pipeline parallelism call the model "
                "inside a function that is decorated with @smp.step"
            )
        return self._caller.call(number, stage, arguments, named)

    def _running(self) -> Loop:
        if self._loop is None:
            raise RuntimeStateError(
                "model.backward() was called outside of smp.step: call it inside a function that "
                "is decorated with @smp.step"
            )
        return self._loop

    def _fail(self, loop: Loop, error: BaseException) -> None:
        tell_failure(error, loop.post.step, self._connections)
        self._sound = self._step + 1
        loop.cancel()

    def _follow(self, loop: Loop) -> list[Any]:
        loop.run(lambda: loop.outcome is not None and loop.idle)
        assert loop.outcome is not None
        self._drain.end_step()
        results, self.went_back = told(*loop.outcome, self._modules)
        return results

    def timelines(self) -> list[dict[str, Any]]:
        """What each stage did in the last step, for schedule.json; all stages call it."""
        everything: list[Any] = [None] * self._settings.stages
        dist.all_gather_object(everything, self.timeline.rows(self.stage), self._connections.group)
        return [row for rows in everything for row in rows]
