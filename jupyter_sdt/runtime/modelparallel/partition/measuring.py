"""Measuring what each module costs, by running the first microbatch once or a few times."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.activations import (
    KeptBytes,
    kept_bytes,
    returned_bytes,
)
from jupyter_sdt.runtime.modelparallel.partition.costs import Costs, ModuleCost
from jupyter_sdt.runtime.modelparallel.partition.tree import read_tree
from jupyter_sdt.runtime.modelparallel.partition.unchanged import unchanged
from jupyter_sdt.runtime.modelparallel.partition.watching import Backward, Watch
from jupyter_sdt.runtime.modelparallel.partition.work import ReadingCounter, WorkCounter

Run = Callable[[Backward], object]
# Forward twice and backward once, where backward takes about twice as long as forward.
_TWICE = 4 / 3


def measure_costs(
    model: nn.Module,
    run: Run,
    *,
    trace_execution_times: bool = False,
    trace_memory_usage: bool = False,
    repeats: int = 3,
    recomputed: Collection[nn.Module] = (),
) -> Costs:
    """Costs of the modules of ``model`` in ``run(backward)``, which calls the model.

    ``run`` gets what it must use in the place of ``torch.autograd.backward``; it may leave
    backward out. It runs once; it runs ``repeats`` times more when execution times are traced,
    where the fastest counts, and once more when memory is. Otherwise times come from counting
    operations, which gives the same result every time, and activations from the sizes of what
    modules return. Modules ``recomputed`` in backward run as usual here: they count as if they kept
    their arguments alone and ran forward twice. Parameters, buffers, gradients and random states
    are afterwards what they were. Raises SpecError when ``run`` does not call the model, and for a
    model that cannot be partitioned.
    """
    # Before a lazy module gets its shape here, and on no other rank.
    read_tree(model)
    with unchanged(model):
        counted = _count(model, run, _names(model, recomputed))
        again = _names(model, recomputed)  # the run may have said it of more of them
        try:
            seconds, kept = counted.seconds, counted.kept
            if trace_execution_times:
                seconds = _fastest([_time(model, run) for _ in range(max(1, repeats))])
            if trace_memory_usage:
                kept = _keep(model, run, again)
        finally:
            counted.put_back()
    modules = {
        name: ModuleCost(
            seconds=seconds.get(name, 0.0) * (_TWICE if _is_below(name, again) else 1.0),
            activation_bytes=kept.found.get(name, 0),
            calls=calls,
            first_call=place,
            recomputed_bytes=kept.inside.get(name, 0),
        )
        for place, (name, calls) in enumerate(counted.calls.items())
    }
    return Costs(modules=modules, together=counted.together)


def one_step(model: nn.Module, *arguments: Any, **named: Any) -> Run:
    """A ``run`` of :func:`measure_costs`: forward, and backward of everything that comes out."""

    def run(backward: Backward) -> None:
        results = [
            leaf.sum()
            for leaf in tree_leaves(model(*arguments, **named))
            if isinstance(leaf, torch.Tensor) and leaf.requires_grad
        ]
        if results:
            backward(results)

    return run


def _names(model: nn.Module, modules: Collection[nn.Module]) -> frozenset[str]:
    wanted = set(modules)
    return frozenset(name for name, module in model.named_modules() if module in wanted)


def _is_below(name: str, names: Collection[str]) -> bool:
    """Whether ``name`` is one of ``names``, or in one of them."""
    return any(name == top or not top or name.startswith(f"{top}.") for top in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What the first run found out."""

    calls: Mapping[str, int]
    seconds: Mapping[str, float]
    kept: KeptBytes
    together: tuple[tuple[str, str], ...]
    put_back: Callable[[], None]


def _count(model: nn.Module, run: Run, recomputed: Collection[str]) -> _Counted:
    watch = Watch(model)
    work, reading = WorkCounter(model, watch), ReadingCounter(watch)
    with watch.on(), returned_bytes(watch, recomputed) as kept, work, reading:
        run(watch.backward)
    if not watch.calls:
        raise SpecError(
            "nothing called the model in the traced step; the step function must call it",
            argument="model",
        )
    return _Counted(
        calls=watch.calls,
        seconds=work.seconds,
        kept=kept,
        together=tuple(reading.pairs),
        put_back=work.put_back,
    )


def _time(model: nn.Module, run: Run) -> Mapping[str, float]:
    """Seconds of each module in one run; those between two changes belong to the one before."""
    clock = _Clock(on_gpu=any(parameter.is_cuda for parameter in model.parameters()))
    watch = Watch(model, clock.charge)
    with watch.on():
        run(watch.backward)
    return clock.seconds


class _Clock:
    def __init__(self, *, on_gpu: bool) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._on_gpu = on_gpu
        self._last = 0.0

    def charge(self, name: str | None) -> None:
        """Charge the time since the last call to ``name``."""
        if self._on_gpu:
            torch.cuda.synchronize()
        now = time.perf_counter()
        if name is not None:
            self.seconds[name] += now - self._last
        self._last = now


def _keep(model: nn.Module, run: Run, recomputed: Collection[str]) -> KeptBytes:
    watch = Watch(model)
    with watch.on(), kept_bytes(watch, recomputed) as found:
        run(watch.backward)
    return found


def _fastest(rounds: list[Mapping[str, float]]) -> Mapping[str, float]:
    names = {name for found in rounds for name in found}
    return {name: min(found.get(name, 0.0) for found in rounds) for name in names}
