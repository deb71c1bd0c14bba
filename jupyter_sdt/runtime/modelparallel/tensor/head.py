"""From hidden states to words: the last layer of a language model."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.embedding import FEATURES
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect, to_columns
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of


class DistributedHead(DistributedModule):
    """Logits [N, S, words] of hidden states [N, S, H]: each rank multiplies some features.

    ``weight`` [words, H / peers] may be a word embedding's; the bias is whole.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None) -> None:
        super().__init__()
        # Of the parameter itself sharding forgets it while a layer computes.
        self._divided = slice_of(weight) is not None
        self.register_parameter("weight", weight)
        self.register_parameter("bias", bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Exchange, multiply, sum; with a whole weight only multiply."""
        if not self._divided:
            return functional.linear(hidden, self.weight, self.bias)
        columns = to_columns(hidden, self.peers)
        found = collect(functional.linear(columns, self.weight), self.peers)
        return found if self.bias is None else found + self.bias


def head_for(words: nn.Module, *, tied: bool, bias: bool, spread: float) -> DistributedHead:
    """A head for the embedding ``words``, with its weight or one of its own, N(0, ``spread``)."""
    embedded = words.weight
    assert isinstance(embedded, nn.Parameter)
    rows, part = embedded.shape[0], slice_of(embedded)
    made = DistributedHead(embedded, nn.Parameter(torch.zeros(rows)) if bias else None)
    if not tied:
        width = embedded.shape[1] * (made.peers.size if part else 1)
        whole = nn.Parameter(torch.empty(rows, width).normal_(std=spread))
        if part is None:
            made.register_parameter("weight", whole)
        else:
            made.slice_parameter("weight", whole, FEATURES)
    return made
