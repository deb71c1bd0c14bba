"""Tensor parallelism: layers of which each rank computes a part."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.tensor.attention import DistributedAttentionLayer
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.embedding import DistributedEmbedding
from jupyter_sdt.runtime.modelparallel.tensor.flash_attention import FlashAttentionLayer
from jupyter_sdt.runtime.modelparallel.tensor.language_model import DistributedTransformerLMHead
from jupyter_sdt.runtime.modelparallel.tensor.linear import DistributedLinear
from jupyter_sdt.runtime.modelparallel.tensor.output_layer import DistributedTransformerOutputLayer
from jupyter_sdt.runtime.modelparallel.tensor.transformer import (
    DistributedTransformer,
    DistributedTransformerLayer,
)

__all__ = [
    "DistributedAttentionLayer",
    "DistributedEmbedding",
    "DistributedLinear",
    "DistributedModule",
    "DistributedTransformer",
    "DistributedTransformerLMHead",
    "DistributedTransformerLayer",
    "DistributedTransformerOutputLayer",
    "FlashAttentionLayer",
]
