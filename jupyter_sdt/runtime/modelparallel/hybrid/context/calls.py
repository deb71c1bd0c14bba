"""Calls of Hugging Face's models with this peer's part of each sequence.

Positions, what is padding, and the labels of next words depend on all peers' parts; the loss is
that of whole sequences.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.autograd import Function

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.context.attention import NAME, SEEN, attend
from jupyter_sdt.runtime.modelparallel.hybrid.context.sequence import (
    in_order,
    own_part,
    own_positions,
)
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.calls import argument_names
from jupyter_sdt.runtime.modelparallel.tensor.peers import Peers

_IGNORED = -100


def divide_sequences(model: Any) -> None:
    """Let ``model`` be called with parts of sequences, in place.

    Raises SpecError for models that do not take their attention from transformers' interface.
    """
    if state.current().context_peers.size == 1:
        return
    _register(model)
    base = model.base_model
    base.register_forward_pre_hook(_place, with_kwargs=True)
    if base is not model:
        model.register_forward_pre_hook(_shift, with_kwargs=True)
        model.register_forward_hook(_share_loss)


def _register(model: Any) -> None:
    utils: Any = sys.modules.get("transformers.modeling_utils")
    interface = getattr(utils, "ALL_ATTENTION_FUNCTIONS", None)
    if interface is None or not hasattr(model, "base_model"):
        raise SpecError(
            f"model: {type(model).__name__} with context_parallel_degree="
            f"{state.current().context_peers.size} needs a model of transformers 4.48 or newer, "
            "whose attention can be replaced",
            argument="model",
        )
    interface[NAME] = attend
    model.config._attn_implementation = NAME


def _named(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(argument_names(type(module).forward), arguments, strict=False)) | named


def _place(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Positions are those in whole sequences, and padding that of all peers."""
    asked, peers = _named(module, arguments, named), state.current().context_peers
    words = asked.get("input_ids")
    if words is None:
        words = asked["inputs_embeds"]
    if words.shape[1] % 2:
        raise SpecError(
            f"input_ids: {words.shape[1]} positions on this rank cannot be its two chunks of the "
            "sequences; divide batches with get_batch_for_cp_rank",
            argument="input_ids",
        )
    if asked.get("position_ids") is None:
        asked["position_ids"] = own_positions(words.shape[1], peers, words.device)[None]
    mask = asked.pop("attention_mask", None)
    if mask is not None:
        asked[SEEN] = _of_all(mask.to(torch.uint8), peers).bool()
    return (), asked | {"use_cache": False}


def _shift(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Labels of the next words, which may lie on other peers; the mean is over all of them."""
    asked, peers = _named(module, arguments, named), state.current().context_peers
    labels = asked.get("labels")
    if labels is None:
        return (), asked
    whole = nn.functional.pad(_of_all(labels, peers)[:, 1:], (0, 1), value=_IGNORED)
    count = asked.get("num_items_in_batch")
    if count is None:
        count = (whole != _IGNORED).sum().float()
    # Gradients are means over context peers, too: each computes as many times its share.
    counted = {"num_items_in_batch": count / peers.size}
    return (), asked | counted | {"shift_labels": own_part(whole, peers)}


def _of_all(part: torch.Tensor, peers: Peers) -> torch.Tensor:
    return in_order(peers.gather_rows(part[None]), axis=1)


class _MeanOfPeers(Function):
    """The mean of what peers have; gradients are left as they are."""

    @staticmethod
    def forward(_: Any, loss: torch.Tensor, peers: Peers) -> torch.Tensor:
        total = loss.clone()
        dist.all_reduce(total, group=peers.process_group)
        return total / peers.size

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> Any:
        return gradient, None


def _share_loss(_: nn.Module, __: Any, output: Any) -> Any:
    """Every peer returns the loss of the whole sequences."""
    loss = output[0]
    if not isinstance(loss, torch.Tensor) or loss.dim():
        return output  # logits: no labels were given
    shared = _MeanOfPeers.apply(loss, state.current().context_peers)  # type: ignore[no-untyped-call]
    if isinstance(output, tuple):
        return (shared, *output[1:])
    output["loss"] = shared
    return output
