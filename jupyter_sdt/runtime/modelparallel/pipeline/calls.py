"""Calls of modules of other stages that await their backward: one node each of autograd's graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import torch
from torch.autograd.graph import GradientEdge

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Meta, Push
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import (
    RemoteTensor,
    beginning,
    is_remote,
)

Gradients = Sequence[torch.Tensor | None]


class Returning(Protocol):
    """Whoever made a call."""

    def backward(self, record: Record, gradients: Gradients) -> list[torch.Tensor | None]:
        """Send gradients of outputs; return those of inputs."""


@dataclass(slots=True)
class Record:
    """What backward has to know of a call; ``inputs`` are the arguments that want a gradient.

    ``remote`` says of each of these whether it lies on another stage, ``forms`` how it looks.
    """

    caller: Returning
    frame: int
    stage: int
    signature: Any
    metas: tuple[Meta, ...]
    inputs: list[int]
    remote: list[bool] = field(default_factory=list)
    forms: tuple[Meta, ...] = ()
    pushes: Sequence[Push] = ()
    holds: bool = False  # gradients of outputs back, until the border is crossed
    held: Gradients | None = None
    arrived: list[torch.Tensor | None] | None = None  # gradients of inputs, before they are asked


@dataclass(frozen=True, slots=True)
class Border:
    """Where the graph of what is here ends, and that of other stages begins: with one call.

    ``edges`` lead to its outputs; all calls of the step have ``token`` among their inputs.
    """

    record: Record
    edges: Sequence[GradientEdge]
    token: torch.Tensor

    def cross(self, roots: Sequence[Any], gradients: Gradients) -> None:
        """Go back from ``roots``, which lie elsewhere, first to the border and then through it.

        The caller then waits for gradients between two runs of autograd, not within one. The first
        goes through all calls, also those that had nothing from here, as all lead to the token; but
        not into the graph that is here, which does not.
        """
        self.record.holds = True
        torch.autograd.grad(roots, [self.token], gradients, allow_unused=True)
        self.record.holds, found = False, self.record.held or ()
        pairs = [(e, g) for e, g in zip(self.edges, found, strict=False) if g is not None]
        if pairs:
            self.record.arrived = self.record.caller.backward(self.record, found)
            torch.autograd.backward([edge for edge, _ in pairs], [g for _, g in pairs])


def link(
    record: Record, token: torch.Tensor, inputs: Sequence[torch.Tensor], outputs: list[torch.Tensor]
) -> Sequence[torch.Tensor]:
    """Put what the call returned behind a node of the graph; return what is there now.

    That takes its place in ``outputs``, but for what has no gradient. ``inputs`` want one.
    """
    differentiable = [index for index, meta in enumerate(record.metas) if meta[2]]
    if not differentiable:
        return ()
    record.remote = [is_remote(tensor) for tensor in inputs]
    record.forms = metas(inputs, record.remote)
    chosen = [outputs[index] for index in differentiable]
    linked: tuple[torch.Tensor, ...]
    linked = cast("Any", _RemoteCall).apply(token, record, chosen, *inputs)
    for index, tensor in zip(differentiable, linked, strict=True):
        outputs[index] = tensor
    return linked


def borders(
    record: Record,
    token: torch.Tensor,
    inputs: Sequence[torch.Tensor],
    linked: Sequence[torch.Tensor],
) -> list[Border]:
    """The border that a linked call is, if some of its ``inputs`` are here, and came from here."""
    here = [t for t, remote in zip(inputs, record.remote, strict=False) if not remote]
    if not (here and linked) or any(isinstance(tensor, RemoteTensor) for tensor in here):
        return []
    return [Border(record, [_edge(tensor) for tensor in linked], token)]


def go_back(
    tensors: Sequence[torch.Tensor], gradients: Gradients, crossed: Sequence[Border] = ()
) -> None:
    """Do as torch.autograd.backward; where one border was ``crossed``, on its two sides in turn."""
    if len(crossed) == 1 and all(tensor.grad_fn is not None for tensor in tensors):
        crossed[0].cross([_edge(tensor) for tensor in tensors], gradients)
    else:
        torch.autograd.backward([beginning(tensor) for tensor in tensors], gradients)


def _edge(tensor: torch.Tensor) -> GradientEdge:
    with torch._C.DisableTorchFunctionSubclass():
        return GradientEdge(cast("Any", tensor.grad_fn), tensor.output_nr)


class _RemoteCall(torch.autograd.Function):
    # The token requires a gradient, so that outputs do even where no input does.
    @staticmethod
    def forward(
        ctx: Any, token: torch.Tensor, record: Record, outputs: Any, *inputs: torch.Tensor
    ) -> Any:
        del token, inputs
        ctx.record = record
        ctx.set_materialize_grads(False)
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        record: Record = ctx.record
        if record.holds:
            record.held = gradients
            return (None, None, None, *(None for _ in record.inputs))
        arrived, record.arrived = record.arrived, None  # autograd frees them as it goes
        if arrived is None:
            arrived = record.caller.backward(record, gradients)
        return (None, None, None, *arrived)


def metas(tensors: Sequence[torch.Tensor], asked: Sequence[bool]) -> tuple[Meta, ...]:
    """The forms of ``tensors``; ``asked`` says which want a gradient."""
    pairs = zip(tensors, asked, strict=True)
    return tuple((*form(tensor), wanted) for tensor, wanted in pairs)


def form(tensor: torch.Tensor) -> tuple[torch.dtype, tuple[int, ...]]:
    """Its dtype and shape; those of a remote one are known without asking torch."""
    if isinstance(tensor, RemoteTensor):
        return tensor.form
    return tensor.dtype, tuple(tensor.shape)
