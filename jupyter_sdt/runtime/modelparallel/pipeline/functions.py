"""Functions that are computed where their tensors lie.

A step function computes the loss of what the model returned. Done on the last stage, that neither
brings a language model's logits to the first, which are its largest tensors, nor sends their
gradient back.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Line

Function = Callable[..., Any]

_LOSSES = (
    *("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
    *("kl_div", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("gaussian_nll_loss", "poisson_nll_loss", "soft_margin_loss", "log_softmax", "softmax"),
)
_VIEWS = (
    *("view", "reshape", "flatten", "contiguous", "float", "__getitem__"),
    *("squeeze", "unsqueeze", "transpose", "permute"),
)


class FunctionModule(nn.Module):
    """A function that is called like a module; it has no state."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        return self.function(*arguments, **named)


# What gives another look at the same content: it has to follow what is written to it.
VIEWS = frozenset(getattr(torch.Tensor, name) for name in _VIEWS)


def functions() -> Iterator[tuple[str, Function]]:
    """All of them by name, in the same order on every stage."""
    for name in _LOSSES:
        yield f"torch.nn.functional.{name}", getattr(functional, name)
    for name in _VIEWS:
        yield f"torch.Tensor.{name}", cast("Function", getattr(torch.Tensor, name))


def asking_line() -> Line | None:
    """The line of the script, or of a library of models, that computes something now."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not str(frame.f_globals.get("__name__")).startswith(("torch.", "jupyter_sdt.")):
            return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
    return None


def add_line(error: BaseException, line: Line) -> None:
    """Say in ``error`` which line had asked for it, as a traceback does."""
    (shown,) = traceback.format_list([traceback.FrameSummary(*line)])
    error.add_note(f"It was asked for by\n{shown.rstrip()}")
