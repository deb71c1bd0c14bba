"""Attention layers under SageMaker's names, computed by torch's scaled_dot_product_attention.

On GPUs that is FlashAttention where the inputs allow it, on CPUs torch's own kernel; the numbers
are the same. Dao et al., arXiv 2205.14135; Ainslie et al., arXiv 2305.13245 (grouped queries).
https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.errors import SpecError

_LAYOUTS = ("b h s d", "b s h d")


class FlashSelfAttention(nn.Module):
    """Attention of queries, keys and values that come as one tensor.

    ``scale`` multiplies scores, None: one over the root of the head size. With ``use_alibi``, which
    needs ``triton_flash_attention``, a mask of biases is expected; with Triton there is no dropout.
    """

    def __init__(
        self,
        attention_dropout_prob: float = 0.0,
        scale: float | None = None,
        triton_flash_attention: bool = False,
        use_alibi: bool = False,
    ) -> None:
        super().__init__()
        if use_alibi and not triton_flash_attention:
            raise SpecError(
                "use_alibi=True needs triton_flash_attention=True, as in SageMaker's library",
                argument="use_alibi",
            )
        if triton_flash_attention and attention_dropout_prob:
            raise SpecError(
                f"attention_dropout_prob={attention_dropout_prob} must be 0.0 with "
                "triton_flash_attention=True",
                argument="attention_dropout_prob",
            )
        self.attention_dropout_prob, self.scale = attention_dropout_prob, scale

    def forward(
        self,
        qkv: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        causal: bool = False,
        cast_dtype: torch.dtype | None = None,
        layout: str = "b h s d",
    ) -> torch.Tensor:
        """[B, 3 heads, S, D], or with "b s h d" [B, S, 3 heads, D] -> [B, heads, S, D].

        ``attn_mask`` is added to the scores. Computed in ``cast_dtype``, the result in the dtype
        of ``qkv``. Raises SpecError for another layout or a number of heads that 3 does not divide.
        """
        query, key, value = _by_heads(qkv, layout, "layout").chunk(_parts(qkv, layout, 3), 1)
        return self._attend(query, key, value, attn_mask, causal, cast_dtype)

    def _attend(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
        causal: bool,
        cast_dtype: torch.dtype | None,
    ) -> torch.Tensor:
        dtype = cast_dtype or query.dtype
        if mask is not None and causal:
            future = torch.ones(query.shape[-2], key.shape[-2], device=query.device).triu(1).bool()
            mask = mask.to(dtype).masked_fill(future, float("-inf"))
        found = functional.scaled_dot_product_attention(
            query.to(dtype),
            key.to(dtype),
            value.to(dtype),
            attn_mask=None if mask is None else mask.to(dtype),
            dropout_p=self.attention_dropout_prob if self.training else 0.0,
            is_causal=causal and mask is None,
            scale=self.scale,
        )
        return found.to(query.dtype)


class FlashGroupedQueryAttention(FlashSelfAttention):
    """Attention whose groups of queries share a key and a value."""

    def __init__(self, attention_dropout_prob: float = 0.0, scale: float | None = None) -> None:
        super().__init__(attention_dropout_prob, scale)

    def forward(  # type: ignore[override]
        self,
        q: torch.Tensor,
        kv: torch.Tensor,
        causal: bool = False,
        cast_dtype: torch.dtype | None = None,
        layout: str = "b s h d",
    ) -> torch.Tensor:
        """[B, S, heads, D] and [B, S, 2 key heads, D] -> [B, heads, S, D].

        With ``layout`` "b h s d" heads come before the sequence. Raises SpecError when the number
        of heads is no multiple of the number of key heads.
        """
        query = _by_heads(q, layout, "layout")
        key, value = _by_heads(kv, layout, "layout").chunk(_parts(kv, layout, 2), 1)
        heads, groups = query.shape[1], key.shape[1]
        if heads % groups:
            raise SpecError(
                f"q: {heads} heads must be a multiple of the {groups} of keys in kv", argument="q"
            )
        key, value = (part.repeat_interleave(heads // groups, 1) for part in (key, value))
        return self._attend(query, key, value, None, causal, cast_dtype)


def _by_heads(tensor: torch.Tensor, layout: str, argument: str) -> torch.Tensor:
    if layout not in _LAYOUTS:
        raise SpecError(f"layout={layout!r} must be 'b h s d' or 'b s h d'", argument=argument)
    return tensor if layout == "b h s d" else tensor.transpose(1, 2)


def _parts(tensor: torch.Tensor, layout: str, parts: int) -> int:
    heads = tensor.shape[1 if layout == "b h s d" else 2]
    if heads % parts:
        raise SpecError(
            f"layout={layout!r}: the {heads} heads of a tensor of shape {tuple(tensor.shape)} are "
            f"no multiple of {parts}",
            argument="layout",
        )
    return parts
