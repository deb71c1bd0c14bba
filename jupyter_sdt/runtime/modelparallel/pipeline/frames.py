"""One call of a module by another stage: where its graph begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel.pipeline.held import Held
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Backward
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor
from jupyter_sdt.runtime.modelparallel.pipeline.repeatable import is_plain

_token = torch.zeros((), requires_grad=True)


@dataclass(slots=True)
class Inputs:
    """The arguments of a frame that want a gradient, by index, and those gradients."""

    indices: list[int]
    tensors: list[torch.Tensor]
    gradients: Sequence[torch.Tensor | None] = ()

    def received(self) -> Iterable[tuple[int, torch.Tensor]]:
        """The tensors as the beginning of a graph, by index."""
        if not self.indices:
            return ()
        found = cast("Any", _Received).apply(_token, self)
        return zip(self.indices, found, strict=True)


@dataclass(slots=True)
class Frame:
    """One call that awaits its backward."""

    module: int
    outputs: list[torch.Tensor]
    inputs: Inputs
    repeatable: bool = True  # nothing would notice that backward goes through it twice


# Outputs and their gradients, to go back from to parameters.
Rest = tuple[list[torch.Tensor], list[torch.Tensor]]


def go_back(
    request: Backward, held: Held, rest: list[Rest] | None = None
) -> Iterable[tuple[int, torch.Tensor | None]]:
    """Go back through a frame; the gradients of its arguments, by index.

    With a list for the ``rest`` parameters get none, but can get theirs from what is added to it.
    Raises RuntimeStateError when that has been done before.
    """
    frame = held.frames.pop(request.frame, None)
    if frame is None:
        raise RuntimeStateError(
            "backward went twice through a module of another stage; call model.backward() once "
            "for each microbatch, on the sum of the losses"
        )
    pairs = [(frame.outputs[index], held.values[key]) for index, key in request.gradients]
    present = [(output, grad.to(output.device)) for output, grad in pairs if grad is not None]
    outputs, given = [output for output, _ in present], [grad for _, grad in present]
    if present and rest is None:
        torch.autograd.backward(outputs, given)
    elif present and rest is not None:
        torch.autograd.grad(outputs, [_token], given, retain_graph=True, allow_unused=True)
        rest.append((outputs, given))
    gradients = frame.inputs.gradients or [None] * len(frame.inputs.indices)
    return zip(frame.inputs.indices, gradients, strict=True)


def is_plain_frame(frame: Frame) -> bool:
    """Whether only torch's own formulas are in its graph."""
    return is_plain(frame.outputs, but=_Received)


class _Received(torch.autograd.Function):
    """The beginning of a frame's graph: what comes back here is sent to the caller."""

    @staticmethod
    def forward(ctx: Any, token: torch.Tensor, inputs: Inputs) -> Any:
        del token
        ctx.inputs = inputs
        ctx.set_materialize_grads(False)
        received, inputs.tensors = tuple(inputs.tensors), []
        return received

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        ctx.inputs.gradients = [_resolved_gradient(gradient) for gradient in gradients]
        return None, None


def _resolved_gradient(gradient: torch.Tensor | None) -> torch.Tensor | None:
    return gradient.value() if isinstance(gradient, RemoteTensor) else gradient
