"""Which parameters of a distributed model are divided among tensor-parallel ranks."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.local_part import LocalPart
from jupyter_sdt.runtime.modelparallel.tensor import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of


class TensorPart(LocalPart):
    """The methods of a distributed model that tell what tensor-parallel ranks divide.

    Gradients of slices are averaged over the ranks with the same slice (RDP_GROUP), all others over
    DP_GROUP, that is with tensor peers.
    """

    def distributed_modules(self) -> Iterator[nn.Module]:
        """Modules of which this rank has a part."""
        return (module for module in self.modules() if isinstance(module, DistributedModule))

    def is_distributed_parameter(self, parameter: torch.Tensor) -> bool:
        """Whether each tensor-parallel rank has a slice of ``parameter``."""
        return slice_of(parameter) is not None

    def is_distributed_buffer(self, buffer: torch.Tensor) -> bool:
        """Whether each tensor-parallel rank has a slice of ``buffer``."""
        return slice_of(buffer) is not None

    def is_scaled_batch_parameter(self, parameter: torch.Tensor) -> bool:
        """Whether ``parameter`` sees the batches of all tensor peers: slices do."""
        return slice_of(parameter) is not None

    def is_scaled_batch_buffer(self, buffer: torch.Tensor) -> bool:
        """Whether ``buffer`` sees the batches of all tensor peers: slices do."""
        return slice_of(buffer) is not None

    def default_reducer_named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters of this rank whose gradients are averaged over DP_GROUP, with names."""
        return ((n, p) for n, p in self.local_named_parameters() if slice_of(p) is None)

    def scaled_batch_reducer_named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Parameters of this rank whose gradients are averaged over RDP_GROUP, with names."""
        return ((n, p) for n, p in self.local_named_parameters() if slice_of(p) is not None)
