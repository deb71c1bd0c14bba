"""torch.cuda.FloatTensor and its like: types that make tensors and that tensors are of."""

from __future__ import annotations

from typing import Any

import torch

_PREFIX = "torch.cuda."
_KINDS = ("BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")


class VirtualTensorType(type):
    """The type of ``torch.cuda.FloatTensor``; ``plain`` is ``torch.FloatTensor``."""

    plain: Any
    dtype: torch.dtype

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, torch.Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        """Make a tensor as ``torch.FloatTensor`` does."""
        options.pop("device", None)
        return cls.plain(*arguments, **options)

    def __repr__(cls) -> str:
        return f"<class '{_PREFIX}{cls.__name__}'>"


def tensor_types() -> dict[str, VirtualTensorType]:
    """Every tensor type of torch.cuda, by name."""
    return {f"{kind}Tensor": _tensor_type(f"{kind}Tensor") for kind in _KINDS}


def _tensor_type(name: str) -> VirtualTensorType:
    plain = getattr(torch, name)
    fields = {"plain": plain, "dtype": plain.dtype, "__module__": "torch.cuda", "is_cuda": True}
    return VirtualTensorType(name, (), fields)


def without_cuda(kind: Any) -> Any:
    """``torch.FloatTensor`` for torch.cuda's, as a type or as a string; anything else as it is."""
    if isinstance(kind, VirtualTensorType):
        return kind.plain
    if isinstance(kind, str) and kind.startswith(_PREFIX):
        return "torch." + kind.removeprefix(_PREFIX)
    return kind


def with_cuda(name: str) -> str:
    """What ``tensor.type()`` says of a tensor that script and we take for a virtual device's."""
    return _PREFIX + name.removeprefix("torch.")
