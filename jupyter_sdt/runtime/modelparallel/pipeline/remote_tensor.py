"""A tensor that lies on another stage: known by its form, fetched when somebody computes with it.

torch records it like any other tensor, so that the caller's graph of a microbatch is whole. Passed
on to a module of another stage it never comes here: stages send it to each other directly. Any
operation on it is one on the real tensor, which then takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Key, Meta

_CPU = torch.device("cpu")
Fetch = Callable[["RemoteTensor"], torch.Tensor]


class RemoteTensor(torch.Tensor):
    """``key`` names it in its microbatch; ``stages`` are those that have it, its owner first.

    ``needed`` are the stages that such tensors are sent to: known from those before.
    """

    key: Key
    stages: list[int]
    needed: list[int]
    actual: torch.Tensor | None
    _fetch: Fetch
    _place: torch.device
    _value: torch.Tensor | None

    def __new__(
        cls, meta: Meta, key: Key, stage: int, fetch: Fetch, device: torch.device
    ) -> RemoteTensor:
        """Make one of that form; what requires a gradient is decided by autograd."""
        make = torch.Tensor._make_wrapper_subclass
        # To autograd it lies on the CPU: so the thread that called backward, which may wait,
        # computes its gradient, and not the one thread that a GPU has for all of them.
        tensor: RemoteTensor = make(cls, meta[1], dtype=meta[0], device=_CPU)
        tensor.key, tensor.stages, tensor._fetch, tensor._place = key, [stage], fetch, device
        tensor.actual = tensor._value = None
        tensor.needed = []
        return tensor

    def sent_to(self, stage: int) -> None:
        """Note that ``stage`` will have it, and needs such tensors."""
        self.stages.append(stage)
        if stage not in self.needed:
            self.needed.append(stage)

    def arrived(self, value: torch.Tensor) -> RemoteTensor:
        """Take the content, which came unasked; return the tensor."""
        self._value = value
        return self

    def value(self) -> torch.Tensor:
        """The content, without a graph."""
        if self._value is None:
            self._value = self._fetch(self)
        return self._value

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer questions about the form; do everything else with the real tensors."""
        if func in _PLACE:
            return _PLACE[func](args[0]._place)
        if func in _FORM:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        return func(*resolved(args), **resolved(kwargs or {}))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch passes kwargs or not
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """What autograd itself computes, such as the sum of two gradients."""
        return func(*_replaced(args, _value_of), **_replaced(kwargs or {}, _value_of))


def is_remote(tensor: torch.Tensor) -> bool:
    """Whether its content is not here, and nobody has asked for it yet."""
    return isinstance(tensor, RemoteTensor) and tensor.actual is None and tensor._value is None


def resolved(thing: Any) -> Any:
    """``thing`` with real tensors in place of remote ones, in lists, tuples and dicts."""
    return _replaced(thing, _real)


def _real(tensor: RemoteTensor) -> torch.Tensor:
    if tensor.actual is not None:
        return tensor.actual
    if not torch.is_grad_enabled():
        return tensor.value()
    tensor.actual = cast("Any", _Fetched).apply(tensor)
    return tensor.actual


def _value_of(tensor: RemoteTensor) -> torch.Tensor:
    return tensor.value()


def _replaced(thing: Any, replace: Callable[[RemoteTensor], torch.Tensor]) -> Any:
    if isinstance(thing, RemoteTensor):
        return replace(thing)
    if isinstance(thing, dict):
        return {key: _replaced(value, replace) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        return type(thing)(_replaced(value, replace) for value in thing)
    return thing


class _Fetched(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: RemoteTensor) -> torch.Tensor:  # noqa: ARG004
        return tensor.value().detach()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # noqa: ARG004
        return gradient.cpu()


_TENSOR = torch.Tensor
_PROPERTIES = (
    *("shape", "dtype", "layout", "requires_grad", "grad_fn", "is_leaf", "ndim"),
    *("is_meta", "is_sparse", "is_quantized", "is_mkldnn", "is_nested"),
    *("itemsize", "nbytes"),
)
_METHODS = (
    *("size", "dim", "numel", "nelement", "ndimension", "element_size", "is_floating_point"),
    *("is_complex", "is_signed", "__len__", "__hash__", "is_contiguous", "is_inference"),
)
# What depends on the form alone.
_FORM = {
    *(getattr(_TENSOR, name).__get__ for name in _PROPERTIES if hasattr(_TENSOR, name)),
    *(getattr(_TENSOR, name) for name in _METHODS),
}
# And on the device that it will have here.
_PLACE: dict[Any, Callable[[torch.device], Any]] = {
    cast("Any", _TENSOR.device).__get__: lambda place: place,
    cast("Any", _TENSOR.is_cuda).__get__: lambda place: place.type == "cuda",
    cast("Any", _TENSOR.is_cpu).__get__: lambda place: place.type == "cpu",
    _TENSOR.get_device: lambda place: -1 if place.index is None else place.index,
}
