"""Linear layers of which each tensor-parallel rank has some rows or some columns."""

from __future__ import annotations

from typing import Self

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import (
    DistributedModule,
    weight_like_linear,
)
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect, to_columns
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice

OUTPUTS, INPUTS = TensorSlice(axis=0), TensorSlice(axis=1)


class ColumnLinear(DistributedModule):
    """Part of the output features, for what was spread: [N, ..., in] -> [N, ..., out / peers]."""

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        normal_range: float | None = None,
    ) -> None:
        super().__init__()
        self.out_features = self.peers.part(out_features, "out_features")
        self.in_features = in_features
        whole = weight_like_linear((in_features, out_features), normal_range, bias=bias)
        self.slice_parameter("weight", whole.weight, OUTPUTS)
        if bias:
            self.slice_parameter("bias", whole.bias, OUTPUTS)
        else:
            self.register_parameter("bias", None)

    @classmethod
    def of(cls, plain: nn.Linear) -> ColumnLinear:
        """Some outputs of ``plain``, with its values."""
        made = cls(plain.in_features, plain.out_features, bias=plain.bias is not None)
        made.slice_parameter("weight", plain.weight, OUTPUTS)
        if plain.bias is not None:
            made.slice_parameter("bias", plain.bias, OUTPUTS)
        return made.train(plain.training)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Multiply; nothing is sent."""
        return functional.linear(hidden, self.weight, self.bias)


class RowLinear(DistributedModule):
    """Part of the input features, whose products are summed: [.., in / peers] -> [.., out].

    The bias is whole, and added after the sum.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        normal_range: float | None = None,
    ) -> None:
        super().__init__()
        self.in_features = self.peers.part(in_features, "in_features")
        self.out_features = out_features
        whole = weight_like_linear((in_features, out_features), normal_range, bias=bias)
        self.slice_parameter("weight", whole.weight, INPUTS)
        self.register_parameter("bias", whole.bias)

    @classmethod
    def of(cls, plain: nn.Linear) -> Self:
        """Some inputs of ``plain``, with its values."""
        made = cls(plain.in_features, plain.out_features, bias=plain.bias is not None)
        made.slice_parameter("weight", plain.weight, INPUTS)
        made.register_parameter("bias", plain.bias)
        return made.train(plain.training)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Multiply, and sum over peers."""
        found = collect(functional.linear(hidden, self.weight), self.peers)
        return found if self.bias is None else found + self.bias


class DistributedLinear(RowLinear):
    """``nn.Linear`` divided along its input features: [N, ..., in] -> [N, ..., out].

    Inputs are exchanged: each rank multiplies its features of the batches of all peers. Raises
    SpecError when ``in_features`` cannot be divided.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__(in_features, out_features, bias=bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Exchange, multiply, sum."""
        if hidden.dim() == 1:
            return self.forward(hidden[None])[0]
        return super().forward(to_columns(hidden, self.peers))
