"""What of a model lies on this rank: ``local_parameters()`` and its like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel.execution import Execution
from jupyter_sdt.runtime.modelparallel.partition import Assignment
from jupyter_sdt.runtime.modelparallel.placement import Placement


class LocalPart(nn.Module):
    """The methods of a distributed model that tell which part of it is here."""

    _execution: Execution

    @property
    def placement(self) -> Placement | None:
        """Where modules lie; None before the partition."""
        return self._execution.placement

    @property
    def assignment(self) -> Assignment | None:
        """Which stage runs which module; None before the partition, and with a single stage."""
        return self._execution.assignment

    def runs_of(self, sequence: nn.Sequential) -> list[nn.Sequential]:
        """Neighbours in ``sequence`` that other stages call together."""
        return self._execution.runs_of(sequence)

    def local_named_parameters(self, *_: Any, **__: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters that lie on this rank. Raises RuntimeStateError before the first step."""
        return self._placement("local_named_parameters").parameters()

    def local_parameters(self, *_: Any, **__: Any) -> Iterator[nn.Parameter]:
        """As :meth:`local_named_parameters`, without names."""
        return (parameter for _, parameter in self._placement("local_parameters").parameters())

    def local_named_buffers(self, *_: Any, **__: Any) -> Iterator[tuple[str, torch.Tensor]]:
        """Buffers that lie on this rank. Raises RuntimeStateError before the first step."""
        return self._placement("local_named_buffers").buffers()

    def local_buffers(self, *_: Any, **__: Any) -> Iterator[torch.Tensor]:
        """As :meth:`local_named_buffers`, without names."""
        return (buffer for _, buffer in self._placement("local_buffers").buffers())

    def local_named_modules(self, *_: Any, **__: Any) -> Iterator[tuple[str, nn.Module]]:
        """Modules that lie on this rank. Raises RuntimeStateError before the first step."""
        return self._placement("local_named_modules").modules()

    def local_modules(self, *_: Any, **__: Any) -> Iterator[nn.Module]:
        """As :meth:`local_named_modules`, without names."""
        return (module for _, module in self._placement("local_modules").modules())

    def _placement(self, what: str) -> Placement:
        placement: Placement | None = self._execution.placement
        if placement is None:
            raise RuntimeStateError(
                f"model.{what}() was called before the model was partitioned, which happens in the "
                "first call of a function under @smp.step; use register_post_partition_hook"
            )
        return placement
