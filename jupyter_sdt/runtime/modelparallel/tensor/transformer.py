"""``smp.nn.DistributedTransformerLayer`` and ``DistributedTransformer``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.tensor.attention import DistributedAttentionLayer
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.norms import Around
from jupyter_sdt.runtime.modelparallel.tensor.output_layer import DistributedTransformerOutputLayer

Inputs = tuple[torch.Tensor | None, ...]
_HEADS = ("num_attention_heads", "attention_head_size", "attention_dropout_prob")
_SHARED = (
    "hidden_size",
    "hidden_dropout_prob",
    "layernorm_epsilon",
    "initializer_range",
    "use_normal_initialization",
    "post_layernorm",
    "fp32_residual_addition",
)


# Options of attention to the same sequence.
_OF_POSITIONS = ("window_size", "rotary", "use_alibi", "alibi_bias_max")


class DistributedTransformerLayer(DistributedModule):
    """Attention, with ``add_cross_attention`` a second one, and the output layer.

    Takes and returns (hidden [N, S, H], mask [N, 1, 1, S] or None), or with cross attention
    (hidden, cross states, mask, cross mask), so that layers can follow each other in a Sequential;
    without cross states, None, the second attention is left out.
    With ``parallel_residual`` attention and output layer are given the same input, and both are
    added to it (GPT-NeoX); with ``shared_layernorm`` they share the norm before them as well
    (GPT-J). ``options`` are those of DistributedAttentionLayer. Raises SpecError for sizes that
    cannot be divided and for arguments that exclude each other.
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
        *,
        parallel_residual: bool = False,
        shared_layernorm: bool = False,
        **options: Any,
    ) -> None:
        given = locals()  # by their names, most arguments go on to two or three layers
        super().__init__()
        self.parallel = parallel_residual or shared_layernorm
        if self.parallel:
            _check_parallel(crossing=add_cross_attention, post=post_layernorm)
        shared: dict[str, Any] = {name: given[name] for name in _SHARED}
        shared["add_residual"] = not self.parallel
        shared["pre_layernorm"] = pre_layernorm and not shared_layernorm
        heads = shared | {name: given[name] for name in _HEADS}
        self.around = Around(in_fp32=fp32_residual_addition)
        norm = nn.LayerNorm(hidden_size, layernorm_epsilon) if shared_layernorm else nn.Identity()
        self.pre_layernorm: nn.Module = norm
        self.attention = DistributedAttentionLayer(
            **heads, causal_mask_size=causal_mask_size, **options
        )
        self.cross_attention: nn.Module | None = None
        if add_cross_attention:
            crossing = {n: v for n, v in options.items() if n not in _OF_POSITIONS}
            self.cross_attention = DistributedAttentionLayer(
                **heads, cross_attention=True, **crossing
            )
        self.output = DistributedTransformerOutputLayer(
            **shared, intermediate_size=intermediate_size, activation=activation
        )

    def forward(self, inputs: Inputs) -> Inputs:
        """Compute; what is not hidden states is passed on."""
        if self.cross_attention is not None:
            hidden, cross, mask, cross_mask = inputs
            hidden = self.attention((hidden, mask))
            if cross is not None:
                hidden = self.cross_attention((hidden, cross, cross_mask))
            return self.output(hidden), cross, mask, cross_mask
        hidden, *others = inputs
        if not self.parallel:
            return self.output(self.attention((hidden, *others))), *others
        normed = self.pre_layernorm(hidden)
        update = self.attention((normed, *others)) + self.output(normed)
        assert hidden is not None
        return self.around.add(hidden, update), *others


class DistributedTransformer(nn.Module):
    """``num_layers`` of DistributedTransformerLayer, whose other arguments it takes.

    Takes and returns what a layer does. ``window_sizes`` are those of the layers, one after the
    other, again and again; None: everything is seen.
    """

    def __init__(
        self, num_layers: int = 12, window_sizes: Sequence[int | None] = (None,), **layer: Any
    ) -> None:
        super().__init__()
        windows = [window_sizes[number % len(window_sizes)] for number in range(num_layers)]
        layers = (
            DistributedTransformerLayer(**layer, layer_idx=number, window_size=window)
            for number, window in enumerate(windows)
        )
        self.seq_layers = nn.Sequential(*layers)

    def forward(self, inputs: Inputs) -> Inputs:
        """Run the layers one after the other."""
        found: Inputs = self.seq_layers(inputs)
        return found


def _check_parallel(*, crossing: bool, post: bool) -> None:
    if crossing or post:
        raise SpecError(
            f"parallel_residual=True with add_cross_attention={crossing} and "
            f"post_layernorm={post}: both must be False",
            argument="parallel_residual",
        )
