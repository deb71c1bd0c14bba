"""Running a model without leaving a trace of it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Put back random states, buffers, gradients and modes of ``model`` at the end.

    A running mean of batch normalisation, the masks of the next dropout and gradients that were
    accumulated before are what they would be if nothing had run. Within, gradients are None.
    """
    with ExitStack() as states:
        for state in (_random_states, _buffers, _gradients, _modes):
            states.enter_context(state(model))
        yield


@contextmanager
def _random_states(_: nn.Module) -> Iterator[None]:
    python, numpy = random.getstate(), sys.modules.get("numpy")
    arrays: Any = numpy.random.get_state() if numpy is not None else None
    try:
        # Named, because torch warns of machines with many GPUs when it has to guess.
        started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        gpus = [torch.cuda.current_device()] if started else []
        with torch.random.fork_rng(gpus):
            yield
    finally:
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(arrays)


@contextmanager
def _buffers(model: nn.Module) -> Iterator[None]:
    saved = [
        (module, name, buffer, None if buffer is None else buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
    ]
    try:
        yield
    finally:
        for module, name, buffer, before in saved:
            # A forward may have changed the tensor, or have put another in its place.
            if buffer is not None and before is not None:
                with torch.no_grad():
                    buffer.copy_(before)
            module._buffers[name] = buffer


@contextmanager
def _gradients(model: nn.Module) -> Iterator[None]:
    saved = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in saved:
        parameter.grad = None
    try:
        yield
    finally:
        for parameter, gradient in saved:
            parameter.grad = gradient


@contextmanager
def _modes(model: nn.Module) -> Iterator[None]:
    saved = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in saved:
            module.training = training
