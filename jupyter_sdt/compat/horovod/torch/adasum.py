"""Adasum: a sum in which that what gradients agree on counts once.

Maleki and others, "Scaling Distributed Training with Adaptive Summation" (2020),
https://arxiv.org/abs/2006.02924: orthogonal gradients add up, parallel ones are averaged. Ranks are
combined in pairs, then pairs of pairs, so their number must be a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist

from .compression import Compressor
from .handles import started, wait
from .process_sets import ProcessSet


def adasum_(tensor: torch.Tensor, process_set: ProcessSet) -> torch.Tensor:
    """Overwrite a contiguous ``tensor`` with the Adasum over all ranks, equal on all of them.

    Raises ValueError for tensors of integers and for a number of ranks that is no power of two.
    """
    if not tensor.is_floating_point():
        raise ValueError(f"op=hvd.Adasum needs floating-point tensors, this one is {tensor.dtype}")
    if process_set.size() & (process_set.size() - 1):
        raise ValueError(
            f"op=hvd.Adasum combines ranks in pairs: {process_set.size()} ranks are no power of two"
        )
    process_set.enter("adasum")
    parts = [torch.empty_like(tensor) for _ in range(process_set.size())]
    wait(started(dist.all_gather, parts, tensor, group=process_set.group))
    while len(parts) > 1:
        parts = [_pair(*two) for two in zip(parts[::2], parts[1::2], strict=True)]
    return tensor.copy_(parts[0])


def _pair(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    flat, other_flat = one.double().reshape(-1), other.double().reshape(-1)
    common = torch.dot(flat, other_flat)
    shares = [1 - _ratio(common, 2 * torch.dot(v, v)) for v in (flat, other_flat)]
    return (flat * shares[0] + other_flat * shares[1]).to(one.dtype).view_as(one)


def _ratio(dividend: torch.Tensor, divisor: torch.Tensor) -> torch.Tensor:
    """The quotient; 0 where the divisor is, for a vector of zeros has nothing in common."""
    return torch.where(divisor > 0, dividend / divisor, torch.zeros_like(divisor))


class _Adasum:
    """Laid over the class of the given optimizer: every rank steps, and the steps are combined."""

    _reduce_step: Callable[[torch.Tensor], torch.Tensor]
    _given: Any

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Step with this rank's gradients, then go as far as Adasum makes of all ranks' steps."""
        optimizer: Any = super()
        self._given._opt_called = True  # a scheduler made for that one warns without it
        parameters = [p for group in self.param_groups for p in group["params"]]  # type: ignore[attr-defined]
        before = [parameter.detach().clone() for parameter in parameters]
        loss = optimizer.step(closure)
        with torch.no_grad():
            for parameter, start in zip(parameters, before, strict=True):
                parameter.copy_(start + self._reduce_step(parameter - start))
        return loss

    def synchronize(self) -> None:
        """Nothing: gradients stay on their rank."""

    @contextmanager
    def skip_synchronize(self) -> Iterator[None]:
        """Raise AssertionError, as Horovod does."""
        raise AssertionError("skip_synchronize() cannot be used with op=hvd.Adasum")
        yield

    def set_backward_passes_per_step(self, passes: int) -> None:
        """Nothing: ``step`` is called when the passes are over."""


def adasum_optimizer(
    optimizer: torch.optim.Optimizer, compression: type[Compressor], process_set: ProcessSet
) -> Any:
    """Return ``optimizer`` as one whose steps are those of all ranks, combined by Adasum."""
    kind = type(optimizer)
    made: Any = object.__new__(type(kind.__name__, (_Adasum, kind), {}))
    made.__dict__.update({name: held for name, held in vars(optimizer).items() if name != "step"})

    def reduce(step: torch.Tensor) -> torch.Tensor:
        given, context = compression.compress(step.contiguous())
        return compression.decompress(adasum_(given, process_set), context)

    made._given, made._reduce_step = optimizer, reduce
    return made
