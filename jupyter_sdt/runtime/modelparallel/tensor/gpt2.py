"""Hugging Face's GPT-2: its attention and MLP are divided where they are, under their own names.

So a whole state has Hugging Face's keys, and nothing needs to be translated.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect, spread
from jupyter_sdt.runtime.modelparallel.tensor.masks import gathered_mask
from jupyter_sdt.runtime.modelparallel.tensor.peers import current_peers
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice

_MODULE = "transformers.models.gpt2.modeling_gpt2"


class _Columns(DistributedModule):
    """A transformers Conv1D, [in, out] its weight, of which each rank has some outputs."""

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, plain: Any, blocks: int = 1) -> None:
        super().__init__()
        self.nf = self.peers.part(plain.nf, "nf")
        self.slice_parameter("weight", plain.weight, TensorSlice(axis=1, blocks=blocks))
        self.slice_parameter("bias", plain.bias, TensorSlice(axis=0, blocks=blocks))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[N, S, in] of each peer -> [N x peers, S, out / peers]."""
        return spread(hidden, self.peers) @ self.weight + self.bias


class _Rows(DistributedModule):
    """A transformers Conv1D of which each rank has some inputs; the bias is whole."""

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, plain: Any) -> None:
        super().__init__()
        self.nf = plain.nf
        self.slice_parameter("weight", plain.weight, TensorSlice(axis=0))
        self.register_parameter("bias", plain.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """[N x peers, S, in / peers] -> [N, S, out] of each peer."""
        return collect(hidden @ self.weight, self.peers) + self.bias


def is_gpt2(module: nn.Module) -> bool:
    """Whether ``module`` is GPT-2's attention or MLP."""
    kind = type(module)
    return kind.__module__ == _MODULE and kind.__name__ in {"GPT2MLP", "GPT2Attention"}


def divide_gpt2(module: Any) -> nn.Module | None:
    """Divide GPT-2's attention, to the same or to another sequence, or its MLP, and return it.

    None where heads or features cannot be divided.
    """
    name, peers = type(module).__name__, current_peers().size
    if name == "GPT2MLP" and module.c_fc.nf % peers == 0:
        module.c_fc, module.c_proj = _Columns(module.c_fc), _Rows(module.c_proj)
        return module  # type: ignore[no-any-return]
    whole_heads = name == "GPT2Attention" and module.num_heads % peers == 0
    return _divided_attention(module, peers) if whole_heads else None


def _divided_attention(module: Any, peers: int) -> nn.Module | None:
    crossing = module.is_cross_attention
    if crossing:
        module.q_attn = _Columns(module.q_attn)
    module.c_attn = _Columns(module.c_attn, blocks=2 if crossing else 3)
    module.c_proj = _Rows(module.c_proj)
    module.num_heads //= peers
    module.split_size //= peers
    module.register_forward_pre_hook(_with_masks_of_peers, with_kwargs=True)
    return module  # type: ignore[no-any-return]


def _with_masks_of_peers(_: nn.Module, arguments: Any, named: dict[str, Any]) -> Any:
    """Masks come with the batch of this rank, the heads see those of all peers."""
    hidden = arguments[0] if arguments else named["hidden_states"]
    masks = ("attention_mask", "encoder_attention_mask")
    given = {name: named[name] for name in masks if named.get(name) is not None}
    gathered = {n: gathered_mask(mask, hidden, current_peers()) for n, mask in given.items()}
    return arguments, named | gathered
