"""A tensor that lies on another stage: known by its form, fetched when somebody computes with it.

torch records it like any other tensor, so that the caller's graph of a microbatch is whole. Passed
on to a module of another stage it never comes here: stages send it to each other directly. Any
operation on it is one on the real tensor, which then takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.functions import Function
from jupyter_sdt.runtime.modelparallel.pipeline.messages import Key, Meta

_CPU = torch.device("cpu")
Arguments = tuple[Function, Sequence[Any], Mapping[str, Any]]


class Source(Protocol):
    """Where remote tensors come from."""

    def fetch(self, tensor: RemoteTensor) -> torch.Tensor:
        """Wait for the content of ``tensor``."""

    def computes(self, function: Function) -> bool:
        """Whether other stages compute ``function``."""

    def compute(self, stage: int, what: Arguments) -> Any:
        """Have ``stage`` compute it."""


class RemoteTensor(torch.Tensor):
    """``key`` names it in its microbatch; ``stages`` are those that have it, its owner first.

    ``form`` is its dtype and shape. ``needed`` are the stages that such tensors are sent to: known
    from those before. ``looks_at`` is what makes it of a tensor that has the same content, and may
    be written to once it is here.
    """

    key: Key
    form: tuple[torch.dtype, tuple[int, ...]]
    stages: list[int]
    needed: list[int]
    actual: torch.Tensor | None = None
    looks_at: Arguments | None = None
    _source: Source
    _place: torch.device
    _value: torch.Tensor | None = None

    def __new__(
        cls, meta: Meta, key: Key, stage: int, source: Source, device: torch.device
    ) -> RemoteTensor:
        """Make one of that form; what requires a gradient is decided by autograd."""
        make = torch.Tensor._make_wrapper_subclass
        # To autograd it lies on the CPU: so the thread that called backward, which may wait,
        # computes its gradient, and not the one thread that a GPU has for all of them.
        tensor: RemoteTensor = make(cls, meta[1], dtype=meta[0], device=_CPU)
        tensor.key, tensor.stages, tensor._source, tensor._place = key, [stage], source, device
        tensor.form = meta[0], meta[1]
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
            self._value = self._source.fetch(self) if is_remote(self) else self._viewed().detach()
        return self._value

    def _viewed(self) -> torch.Tensor:
        """Itself as a view of a tensor that is here."""
        assert self.looks_at is not None
        function, arguments, named = self.looks_at
        return cast("torch.Tensor", function(*resolved(arguments), **resolved(named)))

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer questions about the form; do else what has to be done there, or here."""
        if func in _PLACE:
            return _PLACE[func](args[0]._place)
        if func in _FORM:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        if func is torch.autograd.backward:  # torch.utils.checkpoint calls it within backward
            return func(_beginnings(args[0]), *args[1:], **(kwargs or {}))
        found = _owner(func, args, kwargs or {})
        if found is not None:
            return found._source.compute(found.stages[0], (func, args, kwargs or {}))
        return func(*resolved(args), **resolved(kwargs or {}))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch passes kwargs or not
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """What autograd itself computes, such as the sum of two gradients."""
        return func(*_replaced(args, _value_of), **_replaced(kwargs or {}, _value_of))


def is_remote(tensor: torch.Tensor) -> bool:
    """Whether its content is not here, and nobody has asked for it yet."""
    if not isinstance(tensor, RemoteTensor):
        return False
    viewed = tensor.looks_at is None or is_remote(tensor.looks_at[1][0])
    return tensor.actual is None and tensor._value is None and viewed


def resolved(thing: Any) -> Any:
    """``thing`` with real tensors in place of remote ones, in lists, tuples and dicts."""
    return _replaced(thing, _real)


def _real(tensor: RemoteTensor) -> torch.Tensor:
    if tensor.actual is not None:
        return tensor.actual
    if not torch.is_grad_enabled():
        return tensor.value() if tensor.looks_at is None else tensor._viewed()
    if tensor.looks_at is None:
        tensor.value()  # before autograd is entered: others may go on meanwhile
    fetched = cast("Any", _Fetched).apply
    tensor.actual = fetched(tensor) if tensor.looks_at is None else tensor._viewed()
    return cast("torch.Tensor", tensor.actual)


def _owner(function: Function, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """A tensor of the one stage where all this can be computed; None where it is to be here."""
    tensors = [t for t in (*arguments, *named.values()) if isinstance(t, torch.Tensor)]
    away = [t for t in tensors if isinstance(t, RemoteTensor) and is_remote(t)]
    if not away or not away[0]._source.computes(function):
        return None
    here = len(away) < len(tensors) and any(t.requires_grad for t in tensors if not is_remote(t))
    together = len({t.stages[0] for t in away}) == 1 and _is_plain(arguments[1:])
    return away[0] if together and not here else None


def _is_plain(arguments: Sequence[Any]) -> bool:
    """Whether there are no tensors within lists, such as an index, which decide on shapes."""
    inner = [thing for thing in arguments if isinstance(thing, (list, tuple))]
    return not any(isinstance(t, torch.Tensor) for things in inner for t in things)


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


def beginning(tensor: torch.Tensor) -> torch.Tensor:
    """Where backward can begin instead of at ``tensor``, without its content."""
    if isinstance(tensor, RemoteTensor) and tensor.actual is None and tensor.requires_grad:
        with torch.enable_grad():
            return cast("torch.Tensor", cast("Any", _Beginning).apply(tensor))
    return tensor


def _beginnings(tensors: torch.Tensor | Sequence[torch.Tensor]) -> list[torch.Tensor]:
    given = [tensors] if isinstance(tensors, torch.Tensor) else tensors
    return [resolved(beginning(tensor)) for tensor in given]


class _Beginning(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: RemoteTensor) -> torch.Tensor:  # noqa: ARG004
        return torch.empty(tensor.shape, dtype=tensor.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # noqa: ARG004
        return gradient


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
