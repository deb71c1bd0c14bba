"""What stands around the layers of a transformer: norms before or after, and the residual."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from jupyter_sdt.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """Where a layer normalises: its input (``pre``), the sum with its input (``post``)."""

    pre: bool
    post: bool
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Whether a layer adds its input to what it computed, and whether it does so in float32.

    A layer without ``residual`` returns what it computed, for somebody else to add.
    """

    residual: bool = True
    in_fp32: bool = False

    def make_norms(self, norms: Norms, width: int) -> tuple[nn.Module, nn.Module]:
        """The norm before and the norm after, an identity for one that is not wanted.

        Raises SpecError when neither is, or one after what is not added.
        """
        if self.residual and not (norms.pre or norms.post):
            raise SpecError(
                "pre_layernorm=False and post_layernorm=False: at least one must be True",
                argument="pre_layernorm",
            )
        if norms.post and not self.residual:
            raise SpecError(
                "post_layernorm=True without a residual: use pre_layernorm=True and "
                "post_layernorm=False",
                argument="post_layernorm",
            )
        asked = (norms.pre, norms.post)
        made = (nn.LayerNorm(width, norms.epsilon) if yes else nn.Identity() for yes in asked)
        before, after = made
        return before, after

    def add(self, hidden: torch.Tensor, update: torch.Tensor) -> torch.Tensor:
        """The sum of both, or ``update`` alone."""
        if not self.residual:
            return update
        if self.in_fp32 and hidden.dtype.itemsize < torch.float32.itemsize:
            return (hidden.float() + update.float()).to(hidden.dtype)
        return hidden + update
