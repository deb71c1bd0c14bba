"""Layer normalisation before or after the layers of a transformer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from jupyter_sdt.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """Where a layer normalises: its input (``pre``), the sum with its input (``post``)."""

    pre: bool
    post: bool
    epsilon: float


def make_norms(norms: Norms, width: int) -> tuple[nn.Module, nn.Module]:
    """The norm before and the norm after, an identity for one that is not wanted.

    Raises SpecError when neither is.
    """
    if not (norms.pre or norms.post):
        raise SpecError(
            "pre_layernorm=False and post_layernorm=False: at least one must be True",
            argument="pre_layernorm",
        )
    asked = (norms.pre, norms.post)
    before, after = (nn.LayerNorm(width, norms.epsilon) if yes else nn.Identity() for yes in asked)
    return before, after
