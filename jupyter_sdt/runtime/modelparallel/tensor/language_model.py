"""``smp.nn.DistributedTransformerLMHead``: embeddings, transformer, and words again."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.embedding import DistributedEmbedding
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect, to_columns
from jupyter_sdt.runtime.modelparallel.tensor.masks import additive_mask
from jupyter_sdt.runtime.modelparallel.tensor.transformer import DistributedTransformer

_IGNORED = -100


class DistributedTransformerLMHead(DistributedModule):
    """A language model; ``layer`` holds the other arguments of DistributedTransformerLayer.

    Called with one tuple (input_ids [N, S], attention_mask [N, S] with 1 where masked,
    token_type_ids, position_ids, labels [N, S]), or with ``add_cross_attention`` (input_ids,
    attention_mask, token_type_ids, position_ids, cross states, cross mask, labels); all but the
    first may be None. Returns logits [N, S, vocab_size], or (loss, logits) with labels; labels of
    -100 do not count, and with ``causal_mask_size`` each position is to tell the next one's label.
    Without ``add_lm_head`` it returns hidden states. The head's weight is the word embedding's.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - SageMaker's arguments, in its order
        self,
        num_layers: int = 12,
        num_attention_heads: int = 32,
        attention_head_size: int = 32,
        hidden_size: int = 1024,
        intermediate_size: int = 4096,
        vocab_size: int = 30522,
        num_positions: int = 1024,
        attention_dropout_prob: float = 0.1,
        hidden_dropout_prob: float = 0.1,
        embedding_dropout_prob: float = 0.1,
        num_token_types: int = 0,
        add_lm_head: bool = True,
        **layer: Any,
    ) -> None:
        super().__init__()
        spread = layer.get("initializer_range", 0.02)
        self.word_embedding = DistributedEmbedding(
            vocab_size, hidden_size, initializer_range=spread
        )
        self.position_embedding = _embedding(num_positions, hidden_size, spread)
        self.token_type_embedding: nn.Module | None = None
        if num_token_types:
            self.token_type_embedding = _embedding(num_token_types, hidden_size, spread)
        self.embedding_dropout = nn.Dropout(embedding_dropout_prob)
        layer |= {"hidden_dropout_prob": hidden_dropout_prob, "hidden_size": hidden_size}
        self.transformer = DistributedTransformer(
            num_layers,
            num_attention_heads=num_attention_heads,
            attention_head_size=attention_head_size,
            intermediate_size=intermediate_size,
            attention_dropout_prob=attention_dropout_prob,
            **layer,
        )
        # Layers that normalise their input leave the last sum as it is.
        last = not layer.get("post_layernorm", True)
        epsilon = layer.get("layernorm_epsilon", 1e-5)
        self.layernorm = nn.LayerNorm(hidden_size, epsilon) if last else nn.Identity()
        self.add_lm_head = add_lm_head
        self.shifts_labels = layer.get("causal_mask_size") is not None

    def forward(self, inputs: tuple[torch.Tensor | None, ...]) -> Any:
        """Compute; ``inputs`` as the class says."""
        words, mask, types, positions, *cross, labels = inputs
        if words is None:
            raise TypeError("input_ids of DistributedTransformerLMHead is None")
        hidden = self._embed(words, types, positions)
        masks = [None if m is None else additive_mask(m, hidden.dtype) for m in (mask, *cross[1:])]
        hidden = self.layernorm(self.transformer((hidden, *cross[:1], *masks))[0])
        if not self.add_lm_head:
            return hidden
        logits = self._logits(hidden)
        return logits if labels is None else (self._loss(logits, labels), logits)

    def _embed(
        self, words: torch.Tensor, types: torch.Tensor | None, positions: torch.Tensor | None
    ) -> torch.Tensor:
        if positions is None:
            positions = torch.arange(words.shape[-1], device=words.device)
        found = self.word_embedding(words) + self.position_embedding(positions)
        if self.token_type_embedding is not None and types is not None:
            found = found + self.token_type_embedding(types)
        embedded: torch.Tensor = self.embedding_dropout(found)
        return embedded

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        columns = to_columns(hidden, self.peers)
        return collect(functional.linear(columns, self.word_embedding.weight), self.peers)

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if self.shifts_labels:
            logits, labels = logits[:, :-1], labels[:, 1:]
        return functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=_IGNORED
        )


def _embedding(rows: int, width: int, spread: float) -> nn.Embedding:
    made = nn.Embedding(rows, width)
    nn.init.normal_(made.weight, std=spread)
    return made
