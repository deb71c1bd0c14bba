"""``smp.nn.DistributedAttentionLayer``: each rank has some of the heads."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.tensor.alibi import slopes
from jupyter_sdt.runtime.modelparallel.tensor.attention_math import Scores, attend
from jupyter_sdt.runtime.modelparallel.tensor.attention_options import AttentionOptions
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.exchange import spread
from jupyter_sdt.runtime.modelparallel.tensor.linear import ColumnLinear, RowLinear
from jupyter_sdt.runtime.modelparallel.tensor.masks import gathered_mask
from jupyter_sdt.runtime.modelparallel.tensor.norms import Around, Norms
from jupyter_sdt.runtime.modelparallel.tensor.randomness import own_randomness

Heads = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class DistributedAttentionLayer(DistributedModule):
    """Query, key, value and dense layers around softmax attention, with dropout and residual.

    Called with (hidden [N, S, H], mask [N, 1, 1, S] or None), or with ``cross_attention``
    (hidden, cross states [N, T, H], their mask); returns [N, S, H]. Masks are added to scores, or
    say what is seen (bool). A third input without ``cross_attention`` holds the positions [N, S]
    of rotary embeddings. With ``causal_mask_size`` no position sees later ones. ``options``:
    see AttentionOptions. Raises SpecError when ``num_attention_heads`` cannot be divided.
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
        fp32_residual_addition: bool = False,
        add_residual: bool = True,
        **options: Any,
    ) -> None:
        super().__init__()
        self.options = asked = AttentionOptions.of(options)
        self.heads = self.peers.part(num_attention_heads, "num_attention_heads")
        self.num_attention_heads = num_attention_heads
        width = num_attention_heads * attention_head_size
        normal = initializer_range if use_normal_initialization else None
        columns = partial(ColumnLinear, hidden_size, width, bias=asked.qkv_bias)
        self.query = columns(normal_range=normal)
        self.key = columns(normal_range=normal)
        self.value = columns(normal_range=normal)
        self.dense = RowLinear(width, hidden_size, bias=asked.dense_bias, normal_range=normal)
        norms = Norms(pre=pre_layernorm, post=post_layernorm, epsilon=layernorm_epsilon)
        self.around = Around(residual=add_residual, in_fp32=fp32_residual_addition)
        self.pre_layernorm, self.layernorm = self.around.make_norms(norms, hidden_size)
        self.dropout = nn.Dropout(hidden_dropout_prob)
        self.attention_dropout_prob = attention_dropout_prob
        self.cross_attention, self.causal = cross_attention, causal_mask_size is not None

    def forward(self, inputs: tuple[torch.Tensor | None, ...]) -> torch.Tensor:
        """Attend; ``inputs`` as the class says."""
        hidden, context, mask, positions = self._read(inputs)
        normed = spread(self.pre_layernorm(hidden), self.peers)
        context = normed if context is None else spread(context, self.peers)
        heads = self._heads(normed, context)
        if self.options.rotary is not None:
            heads = self._turned(heads, gathered_mask(positions, hidden, self.peers))
        mixed = self._attend(heads, gathered_mask(mask, hidden, self.peers))
        update = self.dropout(self.dense(mixed))
        found: torch.Tensor = self.layernorm(self.around.add(hidden, update))
        return found

    def _read(
        self, inputs: tuple[torch.Tensor | None, ...]
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
        hidden, *others = inputs
        if hidden is None:
            raise TypeError("the first input of DistributedAttentionLayer is None")
        context, mask = others[:2] if self.cross_attention else (None, others[0])
        positions = None if self.cross_attention else (*others[1:], None)[0]
        return hidden, context, mask, positions

    def _heads(self, hidden: torch.Tensor, context: torch.Tensor) -> Heads:
        made = (self.query(hidden), self.key(context), self.value(context))
        query, key, value = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in made)
        return query, key, value

    def _turned(self, heads: Heads, positions: torch.Tensor | None) -> Heads:
        rotary = self.options.rotary
        assert rotary is not None
        angles = rotary.angles(heads[0], positions)
        return rotary.turn(heads[0], angles), rotary.turn(heads[1], angles), heads[2]

    def _attend(self, heads: Heads, mask: torch.Tensor | None) -> torch.Tensor:
        dropout = self.attention_dropout_prob if self.training else 0.0
        scores = Scores(
            options=self.options,
            causal=self.causal and not self.cross_attention,
            dropout=dropout,
            slopes=self._slopes(heads[0].device) if self.options.use_alibi else None,
        )
        with own_randomness(self.peers, heads[0].device, needed=dropout > 0):
            mixed = attend(heads, mask, scores)
        return mixed.transpose(1, 2).flatten(2)

    def _slopes(self, device: torch.device) -> torch.Tensor:
        every = slopes(self.num_attention_heads, self.options.alibi_bias_max)
        first = self.peers.rank * self.heads
        return torch.tensor(every[first : first + self.heads], device=device, dtype=torch.float64)
