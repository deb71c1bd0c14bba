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


def go_back(request: Backward, held: Held) -> Iterable[tuple[int, torch.Tensor | None]]:
    """Go back through a frame; the gradients of its arguments, by index.

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
    if present:
        torch.autograd.backward([o for o, _ in present], [g for _, g in present])
    gradients = frame.inputs.gradients or [None] * len(frame.inputs.indices)
    return zip(frame.inputs.indices, gradients, strict=True)


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
