"""What all modules of ``smp.nn`` have in common: peers, and slices of parameters."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers, current_peers
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark, slice_of


class DistributedModule(nn.Module):
    """Base of modules that are divided among tensor-parallel ranks.

    All of those make it together, with the same arguments, and call it together.
    Raises RuntimeStateError before ``smp.init()``.
    """

    @property
    def peers(self) -> Peers:
        """The ranks among which this module is divided."""
        return current_peers()  # not kept: process groups cannot be copied or pickled

    def slice_parameter(self, name: str, whole: torch.Tensor, part: TensorSlice) -> None:
        """Register this rank's ``part`` of ``whole`` as parameter ``name``.

        Ranks with the same random state make the same whole, as one process does, and so slices of
        one matrix; with different ones the slices differ as well.
        """
        own = part.of(whole.detach(), self.peers.rank, self.peers.size)
        requires = whole.requires_grad
        parameter = nn.Parameter(own, requires_grad=requires)
        mark(parameter, part)
        self.register_parameter(name, parameter)

    def distributed_parameters(self) -> Iterator[nn.Parameter]:
        """Parameters of which this rank has a slice."""
        return (parameter for parameter in self.parameters() if slice_of(parameter) is not None)


def weight_like_linear(
    shape: tuple[int, int], normal_range: float | None, *, bias: bool = True
) -> nn.Linear:
    """A whole layer [in, out], initialised as torch does, or from N(0, ``normal_range``)."""
    linear = nn.Linear(*shape, bias=bias)
    if normal_range is not None:
        nn.init.normal_(linear.weight, std=normal_range)
        if bias:
            nn.init.zeros_(linear.bias)
    return linear
