"""apex.amp.handle: ``with amp.scale_loss(loss, optimizer) as scaled: scaled.backward()``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ._amp_state import _amp_state, master_params, maybe_print
from .master_weights import gather_gradients
from .scaler import LossScaler


@contextmanager
def scale_loss(
    loss: torch.Tensor,
    optimizers: Any,
    loss_id: int = 0,
    model: Any = None,  # noqa: ARG001 - the library's signature
    delay_unscale: bool = False,
    **_options: Any,
) -> Iterator[torch.Tensor]:
    """Give the loss, scaled, to backward(); afterwards gradients are as without scaling.

    A step whose gradients are not finite is skipped by the optimizer. With ``delay_unscale``
    gradients stay scaled, for a further backward() to add to them.
    """
    properties = _amp_state.opt_properties
    if properties is None:
        raise RuntimeError("Invoked 'with amp.scale_loss`, but amp.initialize() was not called.")
    if not properties.enabled:
        yield loss
        return
    scaler: LossScaler = _amp_state.loss_scalers[loss_id]
    yield loss.float() * scaler.loss_scale()
    if delay_unscale:
        return
    several = optimizers if isinstance(optimizers, (list, tuple)) else [optimizers]
    for optimizer in several:
        gather_gradients(optimizer)
        scaler.unscale_(p.grad for p in master_params(optimizer) if p.grad is not None)
    if scaler.update_scale():
        maybe_print(
            f"Gradient overflow.  Skipping step, reducing loss scale to {scaler._loss_scale}"
        )
        for optimizer in several:
            _skip_once(optimizer)
    scaler.clear_overflow_state()


@contextmanager
def disable_casts() -> Iterator[None]:
    """Compute in the types that tensors have."""
    with torch.autocast("cuda", enabled=False):
        yield


def _skip_once(optimizer: Any) -> None:
    step = optimizer.step

    def skipped(*_arguments: Any, **_named: Any) -> None:
        optimizer.step = step

    optimizer.step = skipped
