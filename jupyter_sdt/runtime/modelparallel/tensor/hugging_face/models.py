"""Models of ``smp.nn`` that are called like Hugging Face's."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.calls import (
    argument_names,
    as_output,
    masked,
    read_call,
)
from jupyter_sdt.runtime.modelparallel.tensor.language_model import DistributedTransformerLMHead
from jupyter_sdt.runtime.modelparallel.tensor.transformer import DistributedTransformer

# What an encoder is given, in the order of a layer of smp.nn.
_INPUTS = ("hidden_states", "attention_mask")
_CROSSING = ("hidden_states", "encoder_hidden_states", "attention_mask", "encoder_attention_mask")


class LanguageModel(DistributedTransformerLMHead):
    """In the place of ``original``, a base model or one with a head for the next word.

    Returns the same classes of outputs: loss and logits, or last_hidden_state.
    """

    def __init__(self, original: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.config: Any = original.config
        self._crossing = bool(arguments.get("add_cross_attention"))
        self._names = argument_names(type(original).forward)

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Compute. Raises SpecError for arguments that are not provided."""
        asked = read_call(self._names, arguments, named, crossing=self._crossing)
        inputs = (asked.get(name) for name in ("input_ids", "token_type_ids", "position_ids"))
        words, types, positions = inputs
        cross: tuple[torch.Tensor | None, ...] = ()
        if self._crossing:
            mask = masked(asked.get("encoder_attention_mask"))
            cross = (asked.get("encoder_hidden_states"), mask)
        given = (words, masked(asked.get("attention_mask")), types, positions, *cross, None)
        found: torch.Tensor = super().forward(given)
        if self.lm_head is None:
            kind = "BaseModelOutputWithPastAndCrossAttentions"
            return as_output(kind, asked, self.config, last_hidden_state=found)
        labels, loss = asked.get("labels"), None
        if labels is not None:
            loss = self.loss(found, labels, count=asked.get("num_items_in_batch"))
        kind = "CausalLMOutputWithCrossAttentions"
        return as_output(kind, asked, self.config, loss=loss, logits=found)


class Encoder(DistributedTransformer):
    """In the place of ``original``, the encoder of BERT or RoBERTa."""

    def __init__(self, original: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.config: Any = original.config
        self._crossing = bool(arguments.get("add_cross_attention"))
        self._names = argument_names(type(original).forward)

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Compute. Raises SpecError for arguments that are not provided."""
        asked = read_call(self._names, arguments, named, crossing=self._crossing)
        names = _CROSSING if self._crossing else _INPUTS
        hidden, *_ = super().forward(tuple(asked.get(name) for name in names))
        kind = "BaseModelOutputWithPastAndCrossAttentions"
        return as_output(kind, asked, self.config, last_hidden_state=hidden)
