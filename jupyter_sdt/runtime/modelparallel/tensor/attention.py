"""``smp.nn.DistributedAttentionLayer``: each rank has some of the heads."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.exchange import spread
from jupyter_sdt.runtime.modelparallel.tensor.linear import ColumnLinear, RowLinear
from jupyter_sdt.runtime.modelparallel.tensor.masks import gathered_mask, with_causal_mask
from jupyter_sdt.runtime.modelparallel.tensor.norms import Norms, make_norms
from jupyter_sdt.runtime.modelparallel.tensor.randomness import own_randomness


class DistributedAttentionLayer(DistributedModule):
    """Query, key, value and dense layers around softmax attention, with dropout and residual.

    Called with (hidden [N, S, H], additive mask [N, 1, 1, S] or None), or with ``cross_attention``
    (hidden, cross states [N, T, H], their mask); returns [N, S, H]. With ``causal_mask_size``
    no position sees later ones. Raises SpecError when ``num_attention_heads`` cannot be divided.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - SageMaker's arguments, in its order
        self,
        num_attention_heads: int = 32,
        attention_head_size: int = 32,
        hidden_size: int = 1024,
        attention_dropout_prob: float = 0.1,
        hidden_dropout_prob: float = 0.1,
        layernorm_epsilon: float = 1e-5,
        initializer_range: float = 0.02,
        use_normal_initialization: bool = False,
        cross_attention: bool = False,
        causal_mask_size: int | None = None,
        pre_layernorm: bool = False,
        post_layernorm: bool = True,
    ) -> None:
        super().__init__()
        self.heads = self.peers.part(num_attention_heads, "num_attention_heads")
        width = num_attention_heads * attention_head_size
        normal = initializer_range if use_normal_initialization else None
        self.query = ColumnLinear(hidden_size, width, normal_range=normal)
        self.key = ColumnLinear(hidden_size, width, normal_range=normal)
        self.value = ColumnLinear(hidden_size, width, normal_range=normal)
        self.dense = RowLinear(width, hidden_size, normal_range=normal)
        norms = Norms(pre=pre_layernorm, post=post_layernorm, epsilon=layernorm_epsilon)
        self.pre_layernorm, self.layernorm = make_norms(norms, hidden_size)
        self.dropout = nn.Dropout(hidden_dropout_prob)
        self.attention_dropout_prob = attention_dropout_prob
        self.cross_attention, self.causal = cross_attention, causal_mask_size is not None

    def forward(self, inputs: tuple[torch.Tensor | None, ...]) -> torch.Tensor:
        """Attend; ``inputs`` as the class says."""
        hidden, mask = inputs[0], inputs[-1]
        if hidden is None:
            raise TypeError("the first input of DistributedAttentionLayer is None")
        normed = spread(self.pre_layernorm(hidden), self.peers)
        other = inputs[1] if self.cross_attention else None
        context = normed if other is None else spread(other, self.peers)
        mixed = self._attend(normed, context, gathered_mask(mask, hidden, self.peers))
        found: torch.Tensor = self.layernorm(hidden + self.dropout(self.dense(mixed)))
        return found

    def _attend(
        self, hidden: torch.Tensor, context: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        made = (self.query(hidden), self.key(context), self.value(context))
        query, key, value = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in made)
        causal = self.causal and not self.cross_attention
        if causal and mask is not None:
            mask, causal = with_causal_mask(mask, query.shape[2]), False
        dropout = self.attention_dropout_prob if self.training else 0.0
        with own_randomness(self.peers, query.device, needed=dropout > 0):
            mixed = functional.scaled_dot_product_attention(
                query, key, value, mask, dropout, is_causal=causal
            )
        return mixed.transpose(1, 2).flatten(2)
