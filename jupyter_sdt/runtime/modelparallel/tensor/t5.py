"""Hugging Face's T5: attention, to the same or to another sequence, and feed-forward networks.

They are divided where they are, by heads and by intermediate features, under their own names.
Raffel et al., arXiv 1910.10683 (relative positions: a bias for each head).
"""

from __future__ import annotations

from typing import Any

from torch import nn

from jupyter_sdt.runtime.modelparallel.tensor.embedding import DistributedEmbedding
from jupyter_sdt.runtime.modelparallel.tensor.exchange import spread
from jupyter_sdt.runtime.modelparallel.tensor.linear import ColumnLinear, RowLinear
from jupyter_sdt.runtime.modelparallel.tensor.masks import gathered_mask
from jupyter_sdt.runtime.modelparallel.tensor.peers import current_peers

_MODULES = ("transformers.models.t5.modeling_t5", "transformers.models.mt5.modeling_mt5")
_NETWORKS = ("DenseActDense", "DenseGatedActDense")
_BIAS = "relative_attention_bias"


def is_t5(module: nn.Module) -> bool:
    """Whether ``module`` is T5's attention or feed-forward network."""
    kind = type(module)
    return kind.__module__ in _MODULES and kind.__name__.endswith(("5Attention", *_NETWORKS))


def divide_t5(module: Any) -> nn.Module | None:
    """Divide T5's attention or network, and return it; None where sizes cannot be divided."""
    peers = current_peers().size
    if hasattr(module, "n_heads"):
        return _divided_attention(module, peers) if module.n_heads % peers == 0 else None
    ins = [name for name in ("wi", "wi_0", "wi_1") if hasattr(module, name)]
    if module.wo.in_features % peers:
        return None
    _divide_linear(module, ins, "wo")
    module.register_forward_pre_hook(_spread_hidden)
    return module  # type: ignore[no-any-return]


def _divided_attention(module: Any, peers: int) -> nn.Module:
    _divide_linear(module, ["q", "k", "v"], "o")
    module.n_heads //= peers
    module.inner_dim //= peers
    if hasattr(module, _BIAS):
        # A bias for each head that is here, for positions that are the same everywhere.
        whole = getattr(module, _BIAS)
        setattr(module, _BIAS, DistributedEmbedding.of(whole, exchanging=False))
    module.register_forward_pre_hook(_spread_sequences, with_kwargs=True)
    return module  # type: ignore[no-any-return]


def _divide_linear(module: nn.Module, ins: list[str], out: str) -> None:
    for name in ins:
        setattr(module, name, ColumnLinear.of(getattr(module, name)))
    setattr(module, out, RowLinear.of(getattr(module, out)))


def _spread_hidden(_: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return (spread(arguments[0], current_peers()), *arguments[1:])


def _spread_sequences(_: nn.Module, arguments: Any, named: dict[str, Any]) -> Any:
    """Hidden states, those of another sequence and masks of all peers, for the heads that are here.

    The bias of positions comes from such a layer, and goes on to the next as it is.
    """
    peers, hidden = current_peers(), arguments[0]
    changed = {}
    if (mask := named.get("mask")) is not None:
        changed["mask"] = gathered_mask(mask, hidden, peers)
    if (states := named.get("key_value_states")) is not None:
        changed["key_value_states"] = spread(states, peers)
    return (spread(hidden, peers), *arguments[1:]), named | changed
