"""Hugging Face's modules that can be divided, in every version from 4.26 on: which layers are what.

Attention is divided by heads, feed-forward networks by their intermediate features, experts in the
same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from jupyter_sdt.errors import SpecError, did_you_mean

# model_type of a configuration -> how people call it.
FAMILIES = {
    "llama": "Llama 2 and 3",
    "mistral": "Mistral",
    "mixtral": "Mixtral",
    "gpt_neox": "GPT-NeoX",
}
_MODULES = tuple(f"transformers.models.{name}." for name in FAMILIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one kind of module is divided.

    ``columns`` and ``rows`` name its linear layers; ``counts`` its attributes that count what this
    peer has, where a version of transformers has them; ``heads`` what a configuration calls the
    numbers that peers must divide.
    """

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    counts: tuple[str, ...] = ()
    divided: tuple[str, ...] = ()
    attention: bool = False


_COUNTS = ("num_heads", "num_key_value_heads", "num_attention_heads", "hidden_size")
_GROUPED = Plan(
    columns=("q_proj", "k_proj", "v_proj"),
    rows=("o_proj",),
    counts=_COUNTS,
    divided=("num_attention_heads", "num_key_value_heads"),
    attention=True,
)
_FUSED = Plan(
    columns=("query_key_value",),
    rows=("dense",),
    counts=_COUNTS,
    divided=("num_attention_heads",),
    attention=True,
)
_GATED = Plan(columns=("gate_proj", "up_proj"), rows=("down_proj",), divided=("intermediate_size",))
_PLANS = (
    _GROUPED,
    _FUSED,
    _GATED,
    Plan(columns=("dense_h_to_4h",), rows=("dense_4h_to_h",), divided=("intermediate_size",)),
    Plan(columns=("w1", "w3"), rows=("w2",), divided=("intermediate_size",)),
)


def plan_of(module: nn.Module) -> Plan | None:
    """How ``module`` is divided; None where it is not one of Hugging Face's that we know."""
    if not type(module).__module__.startswith(_MODULES):
        return None
    layers = {name for name, child in module.named_children() if type(child) is nn.Linear}
    return next((plan for plan in _PLANS if {*plan.columns, *plan.rows} <= layers), None)


def check_model(model: nn.Module, peers: int) -> None:
    """Raise SpecError for a model of another family, and for sizes that ``peers`` do not divide."""
    config: Any = getattr(model, "config", None)
    kind = getattr(config, "model_type", None)
    if kind not in FAMILIES:
        known = ", ".join(FAMILIES.values())
        hint = did_you_mean(str(kind), FAMILIES)
        raise SpecError(
            f"model: {type(model).__name__} (model_type={kind!r}) cannot be divided among "
            f"tensor_parallel_degree={peers} ranks; known are Hugging Face's {known}{hint}",
            argument="model",
        )
    for name in sorted({name for plan in _PLANS for name in plan.divided}):
        _check_divides(config, name, peers)
    if getattr(config, "pretraining_tp", 1) not in (None, 1):
        raise SpecError(
            f"model: pretraining_tp={config.pretraining_tp} of its configuration must be 1 with "
            f"tensor_parallel_degree={peers}",
            argument="model",
        )


def _check_divides(config: Any, name: str, peers: int) -> None:
    size = getattr(config, name, None)
    if size is not None and size % peers:
        raise SpecError(
            f"model: {name}={size} cannot be divided among tensor_parallel_degree={peers} ranks; "
            f"{name} must be a multiple of {peers}",
            argument="model",
        )
