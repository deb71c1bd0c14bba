"""``smp.nn.DistributedTransformerLMHead``: embeddings, transformer, and words again."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.embedding import DistributedEmbedding
from jupyter_sdt.runtime.modelparallel.tensor.head import head_for
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
    Without ``add_lm_head`` it returns hidden states. The head's weight is the word embedding's,
    unless ``tie_word_embeddings`` is off; a bias comes with ``lm_head_bias``.

    Positions have embeddings, unless ``num_positions`` is 0, or ``use_alibi`` or ``rotary`` is
    asked of the layers. Without ``distribute_embedding`` every rank holds the words whole.
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
        *,
        tie_word_embeddings: bool = True,
        lm_head_bias: bool = False,
        distribute_embedding: bool = True,
        **layer: Any,
    ) -> None:
        given = locals()  # by their names, some arguments go on to the layers
        super().__init__()
        spread = layer.get("initializer_range", 0.02)
        self.word_embedding = _words(vocab_size, hidden_size, spread, divided=distribute_embedding)
        self.rotary = layer.get("rotary") is not None
        placed = num_positions and not (self.rotary or layer.get("use_alibi"))
        self.position_embedding = _rows(num_positions if placed else 0, hidden_size, spread)
        self.token_type_embedding = _rows(num_token_types, hidden_size, spread)
        self.embedding_dropout = nn.Dropout(embedding_dropout_prob)
        layer |= {name: given[name] for name in _TO_LAYERS}
        self.transformer = DistributedTransformer(num_layers, **layer)
        # Layers that normalise their input leave the last sum as it is.
        last = not layer.get("post_layernorm", True)
        epsilon = layer.get("layernorm_epsilon", 1e-5)
        self.layernorm = nn.LayerNorm(hidden_size, epsilon) if last else nn.Identity()
        self.lm_head: nn.Module | None = None
        if add_lm_head:
            self.lm_head = head_for(
                self.word_embedding, tied=tie_word_embeddings, bias=lm_head_bias, spread=spread
            )
        self.shifts_labels = layer.get("causal_mask_size") is not None

    def forward(self, inputs: tuple[torch.Tensor | None, ...]) -> Any:
        """Compute; ``inputs`` as the class says."""
        words, mask, types, positions, *cross, labels = inputs
        if words is None:
            raise TypeError("input_ids of DistributedTransformerLMHead is None")
        hidden = self._embed(words, types, positions)
        masks = [None if m is None else additive_mask(m, hidden.dtype) for m in (mask, *cross[1:])]
        given = (hidden, *cross[:1], *masks)
        if self.rotary and positions is not None:
            given = (*given, positions.expand(words.shape))
        hidden = self.layernorm(self.transformer(given)[0])
        if self.lm_head is None:
            return hidden
        logits = self.lm_head(hidden)
        return logits if labels is None else (self.loss(logits, labels), logits)

    def loss(
        self, logits: torch.Tensor, labels: torch.Tensor, *, count: float | None = None
    ) -> torch.Tensor:
        """Cross entropy: its mean over labels, or the sum over ``count``, say of all batches."""
        if self.shifts_labels:
            logits, labels = logits[:, :-1], labels[:, 1:]
        found = functional.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=_IGNORED,
            reduction="mean" if count is None else "sum",
        )
        return found if count is None else found / count

    def _embed(
        self, words: torch.Tensor, types: torch.Tensor | None, positions: torch.Tensor | None
    ) -> torch.Tensor:
        found = self.word_embedding(words)
        if self.position_embedding is not None:
            if positions is None:
                positions = torch.arange(words.shape[-1], device=words.device)
            found = found + self.position_embedding(positions)
        if types is not None:
            # Without embeddings of their own, types are words: so in GPT-2.
            found = found + (self.token_type_embedding or self.word_embedding)(types)
        embedded: torch.Tensor = self.embedding_dropout(found)
        return embedded


_TO_LAYERS = (
    "num_attention_heads",
    "attention_head_size",
    "hidden_size",
    "intermediate_size",
    "attention_dropout_prob",
    "hidden_dropout_prob",
)


def _words(rows: int, width: int, spread: float, *, divided: bool) -> nn.Module:
    if divided:
        return DistributedEmbedding(rows, width, initializer_range=spread)
    made = _rows(rows, width, spread)
    assert made is not None
    return made


def _rows(rows: int, width: int, spread: float) -> nn.Embedding | None:
    if not rows:
        return None
    made = nn.Embedding(rows, width)
    nn.init.normal_(made.weight, std=spread)
    return made
