"""What kinds of attention there are, beside the plain one of SageMaker's arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.runtime.modelparallel.tensor.rotary import Rotary

# Kernels of their own on GPUs; torch's fused ones compute the same, so there is nothing to choose.
KERNELS = ("fused_softmax", "fused_dropout", "fused_bias_gelu", "flash_attention")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionOptions:
    """Options of attention layers, all of them in keywords.

    Scores are divided by the root of the head's size (``scale_attention_scores``) and by the number
    of the layer (``scale_attn_by_layer_idx``, ``layer_idx`` from 0). ``query_key_layer_scaling``
    divides queries by it and multiplies scores in float32, against overflow in fp16;
    ``attention_in_fp32`` computes scores and softmax in at least float32. A position sees
    ``window_size`` positions, itself included. ``use_alibi``: see alibi.py.
    """

    scale_attention_scores: bool = True
    scale_attn_by_layer_idx: bool = False
    layer_idx: int = 0
    query_key_layer_scaling: bool = False
    attention_in_fp32: bool = False
    window_size: int | None = None
    rotary: Rotary | None = None
    use_alibi: bool = False
    alibi_bias_max: float = 8.0
    qkv_bias: bool = True
    dense_bias: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> AttentionOptions:
        """Read keywords. Raises SpecError for a name that does not exist."""
        known = {entry.name for entry in fields(cls)}
        for name in set(given) - known - set(KERNELS):
            hint = did_you_mean(name, [*known, *KERNELS])
            raise SpecError(f"unknown argument {name}={given[name]!r}{hint}", argument=name)
        return cls(**{name: value for name, value in given.items() if name in known})

    def scale(self, head_size: int) -> float:
        """What products of queries and keys are multiplied by."""
        found: float = head_size**-0.5 if self.scale_attention_scores else 1.0
        return found / (self.layer_idx + 1) if self.scale_attn_by_layer_idx else found
