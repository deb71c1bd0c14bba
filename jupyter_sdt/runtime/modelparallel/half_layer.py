"""A layer around a model in half precision: full precision goes in and comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.delayed_init import recording
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.replica_layer import ReplicaLayer
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule


class HalfLayer(ReplicaLayer):
    """Makes ``module`` one of ``dtype``; losses are computed in float32, where they do not vanish.

    Floating-point tensors in the arguments become ``dtype``, those of ``dtype`` in the result
    float32, within lists, tuples and mappings.
    """

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        with recording():
            module.to(dtype)
        super().__init__(module)
        self._dtype = dtype

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call the module in half precision."""

        def lower(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.to(self._dtype) if tensor.is_floating_point() else tensor

        def raise_again(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.float() if tensor.dtype == self._dtype else tensor

        returned = self.module(*_converted(arguments, lower), **_converted(named, lower))
        return _converted(returned, raise_again)


def half_type(parameters: Parameters) -> torch.dtype | None:
    """What ``fp16`` and ``bf16`` ask for."""
    if not parameters.half:
        return None
    return torch.float16 if parameters.fp16 else torch.bfloat16


def lower_distributed(model: nn.Module) -> None:
    """Make float16 what ``fp16_params`` asks for: the modules of ``smp.nn``, and no others."""
    with recording():
        for module in model.modules():
            if isinstance(module, DistributedModule):
                module.half()


def _converted(thing: Any, convert: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    if isinstance(thing, torch.Tensor):
        return convert(thing)
    if isinstance(thing, Mapping):
        entries = {key: _converted(value, convert) for key, value in thing.items()}
        # Classes of outputs, such as Hugging Face's, take their fields as keywords.
        return entries if type(thing) is dict else type(thing)(**entries)
    if isinstance(thing, (list, tuple)):
        items = [_converted(value, convert) for value in thing]
        make: Any = getattr(thing, "_make", type(thing))
        return make(items)
    return thing
