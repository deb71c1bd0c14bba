"""Which modules of a model lie on this rank, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """``module`` with the stage of each of its modules, by name, as seen by one ``stage``."""

    module: nn.Module
    stage_of: Mapping[str, int]
    stage: int

    def is_local(self, module: nn.Module) -> bool:
        """Whether this rank runs ``module`` and holds its own parameters."""
        return any(inner is module for _, inner in self.modules())

    def modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Modules that lie here, with their names."""
        for name, module in self.module.named_modules():
            if self.stage_of[name] == self.stage:
                yield name, module

    def parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters that lie here, each once, under the name it has in the whole model."""
        return self._own(lambda module: module.named_parameters(recurse=False))

    def buffers(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Buffers that lie here, each once."""
        return self._own(lambda module: module.named_buffers(recurse=False))

    def free_others(self) -> None:
        """Give back the memory of parameters that lie elsewhere; they stay, with no elements.

        Who computes with one of them by mistake gets an error about its shape.
        """
        own = {parameter for _, parameter in self.parameters()}
        for parameter in self.module.parameters():
            if parameter not in own:
                parameter.grad = None
                parameter.data = torch.empty(0, dtype=parameter.dtype, device=parameter.device)

    def _own(self, tensors: Callable[[nn.Module], Any]) -> Iterator[tuple[str, Any]]:
        seen = set()
        for name, module in self.modules():
            for key, tensor in tensors(module):
                if tensor not in seen:
                    seen.add(tensor)
                    yield f"{name}.{key}" if name else key, tensor
