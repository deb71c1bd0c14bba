"""A layer between ``smp.DistributedModel`` and the script's module, where scripts expect DDP."""

from __future__ import annotations

from typing import Any

from torch import nn


class ReplicaLayer(nn.Module):
    """Stands where a DistributedDataParallel would: scripts reach their module through it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call the module."""
        return self.module(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":
                raise
            return getattr(self.module, name)
