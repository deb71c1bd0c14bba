"""``smp.nn.DistributedTransformerLayer`` and ``DistributedTransformer``."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.tensor.attention import DistributedAttentionLayer
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.output_layer import DistributedTransformerOutputLayer

Inputs = tuple[torch.Tensor | None, ...]


class DistributedTransformerLayer(DistributedModule):
    """Attention, with ``add_cross_attention`` a second one, and the output layer.

    Takes and returns (hidden [N, S, H], mask [N, 1, 1, S] or None), or with cross attention
    (hidden, cross states, mask, cross mask), so that layers can follow each other in a Sequential.
    Raises SpecError for sizes that cannot be divided and for ``use_alibi``, which is not provided.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - SageMaker's arguments, in its order
        self,
        num_attention_heads: int = 32,
        attention_head_size: int = 32,
        hidden_size: int = 1024,
        intermediate_size: int = 4096,
        attention_dropout_prob: float = 0.1,
        hidden_dropout_prob: float = 0.1,
        activation: str = "gelu",
        layernorm_epsilon: float = 1e-5,
        initializer_range: float = 0.02,
        use_normal_initialization: bool = False,
        causal_mask_size: int | None = None,
        add_cross_attention: bool = False,
        pre_layernorm: bool = False,
        post_layernorm: bool = True,
        fp32_residual_addition: bool = False,
        use_alibi: bool = False,
        alibi_bias_max: int = 8,
    ) -> None:
        super().__init__()
        del alibi_bias_max
        if use_alibi:
            raise SpecError("use_alibi=True is not provided; use False", argument="use_alibi")
        shared: dict[str, Any] = {
            "hidden_size": hidden_size,
            "hidden_dropout_prob": hidden_dropout_prob,
            "layernorm_epsilon": layernorm_epsilon,
            "initializer_range": initializer_range,
            "use_normal_initialization": use_normal_initialization,
            "pre_layernorm": pre_layernorm,
            "post_layernorm": post_layernorm,
        }
        heads: dict[str, Any] = {
            "num_attention_heads": num_attention_heads,
            "attention_head_size": attention_head_size,
            "attention_dropout_prob": attention_dropout_prob,
        }
        heads |= shared
        self.attention = DistributedAttentionLayer(**heads, causal_mask_size=causal_mask_size)
        self.cross_attention: nn.Module | None = None
        if add_cross_attention:
            self.cross_attention = DistributedAttentionLayer(**heads, cross_attention=True)
        self.output = DistributedTransformerOutputLayer(
            **shared,
            intermediate_size=intermediate_size,
            activation=activation,
            fp32_residual_addition=fp32_residual_addition,
        )

    def forward(self, inputs: Inputs) -> Inputs:
        """Compute; what is not hidden states is passed on."""
        if self.cross_attention is None:
            hidden, mask = inputs
            return self.output(self.attention((hidden, mask))), mask
        hidden, cross, mask, cross_mask = inputs
        hidden = self.cross_attention((self.attention((hidden, mask)), cross, cross_mask))
        return self.output(hidden), cross, mask, cross_mask


class DistributedTransformer(nn.Module):
    """``num_layers`` of DistributedTransformerLayer, whose other arguments it takes.

    Takes and returns what a layer does.
    """

    def __init__(self, num_layers: int = 12, **layer: Any) -> None:
        super().__init__()
        layers = (DistributedTransformerLayer(**layer) for _ in range(num_layers))
        self.seq_layers = nn.Sequential(*layers)

    def forward(self, inputs: Inputs) -> Inputs:
        """Run the layers one after the other."""
        found: Inputs = self.seq_layers(inputs)
        return found
