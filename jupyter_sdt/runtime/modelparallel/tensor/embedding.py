"""``smp.nn.DistributedEmbedding``: each rank has some features of every word."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.exchange import to_rows
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice

FEATURES = TensorSlice(axis=1)


class DistributedEmbedding(DistributedModule):
    """``nn.Embedding`` divided along ``embedding_dim``: [N, ...] -> [N, ..., embedding_dim].

    With ``_skip_allgather`` indices are those of all peers already; with
    ``_skip_scatter_and_merge`` this rank's features of all of them are returned. Raises SpecError
    when ``embedding_dim`` cannot be divided, and for ``max_norm``, which needs whole vectors.
    """

    weight: nn.Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: torch.Tensor | None = None,
        initializer_range: float = 0.02,
        _skip_allgather: bool = False,
        _skip_scatter_and_merge: bool = False,
    ) -> None:
        super().__init__()
        refuse_max_norm(max_norm)
        self.peers.part(embedding_dim, "embedding_dim")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx, self.norm_type = padding_idx, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        self._indices_are_global, self._keep_columns = _skip_allgather, _skip_scatter_and_merge
        shape = (num_embeddings, embedding_dim)
        whole = _random(shape, initializer_range, padding_idx) if _weight is None else _weight
        self.slice_parameter("weight", nn.Parameter(whole), FEATURES)

    @classmethod
    def of(cls, plain: nn.Embedding, *, exchanging: bool = True) -> DistributedEmbedding:
        """A slice of ``plain``, with its values; not ``exchanging`` it keeps what is here."""
        options = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse")
        named: dict[str, Any] = {name: getattr(plain, name) for name in options}
        size = (plain.num_embeddings, plain.embedding_dim)
        named |= dict.fromkeys(("_skip_allgather", "_skip_scatter_and_merge"), not exchanging)
        made = cls(*size, _weight=plain.weight.detach(), **named)
        made.weight.requires_grad_(plain.weight.requires_grad)
        return made.train(plain.training)

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        """Look up this rank's features of all peers' words, and exchange them."""
        if not (self._indices_are_global or self.peers.prescaled):
            indices = self.peers.gather_rows(indices)
        found = functional.embedding(
            indices,
            self.weight,
            self.padding_idx,
            scale_grad_by_freq=self.scale_grad_by_freq,
            sparse=self.sparse,
        )
        return found if self._keep_columns else to_rows(found, self.peers)


def refuse_max_norm(max_norm: float | None) -> None:
    """Raise SpecError for a norm that no rank can compute."""
    if max_norm is not None:
        raise SpecError(
            f"max_norm={max_norm}: a rank has a part of each vector and cannot limit its norm; "
            "leave max_norm out",
            argument="max_norm",
        )


def _random(shape: tuple[int, int], spread: float, padding: int | None) -> torch.Tensor:
    weight = torch.empty(shape).normal_(std=spread)
    if padding is not None:
        weight[padding].zero_()
    return weight
