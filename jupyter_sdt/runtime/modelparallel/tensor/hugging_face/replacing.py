"""Putting a model of ``smp.nn`` in the place of one of Hugging Face's, with its weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.tensor.attention_options import KERNELS
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.kinds import Kind, kind_of
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face.rules import Table
from jupyter_sdt.runtime.modelparallel.tensor.peers import current_peers
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

# Options of smp.tensor_parallelism that change what is computed or where it lies.
_OPTIONS = (
    "use_alibi",
    "attention_in_fp32",
    "fp32_residual_addition",
    "query_key_layer_scaling",
    "distribute_embedding",
)
_NO_EFFECT = (*KERNELS, "zero_init")


def replacement(module: Any, prefix: str, options: Mapping[str, Any]) -> nn.Module | None:
    """What takes the place of ``module``, with its weights; None for classes we do not know.

    ``prefix`` is the module's name with a dot; translations of its state are kept under it. All
    tensor peers call it with the same weights. Raises SpecError for what cannot be expressed.
    """
    kind = kind_of(module)
    given = list(module.parameters())
    if kind is None or len({p.requires_grad for p in given}) != 1:
        return None
    with torch.random.fork_rng(devices=[]):  # weights are copied: seeds of scripts go on as before
        made = kind.make(module, _read(options))
    made.to(device=given[0].device, dtype=given[0].dtype).requires_grad_(given[0].requires_grad)
    _fill(made, kind, module)
    _remember(kind, module, prefix)
    return made.train(module.training)


def _read(options: Mapping[str, Any]) -> dict[str, Any]:
    for name in set(options) - {*_OPTIONS, *_NO_EFFECT}:
        warnings.warn(f"smp.tensor_parallelism: unknown option {name!r}", stacklevel=2)
    asked = {name: options[name] for name in _OPTIONS if name in options}
    # Switched on by the model's configuration, it is not switched off by an option's default.
    if not asked.get("attention_in_fp32", True):
        del asked["attention_in_fp32"]
    return asked


def _fill(made: nn.Module, kind: Kind, module: Any) -> None:
    heads = module.config.num_attention_heads
    wholes: Any = kind.table(module).from_theirs(module.state_dict(), "", heads)
    differing = (set(wholes) ^ set(made.state_dict())) - {"position_embedding.weight"}  # use_alibi
    if differing:  # a version whose modules are not what its configuration says
        raise SpecError(f"no place for {sorted(differing)[:3]} of {type(module).__name__}")
    peers = current_peers()
    with torch.no_grad():
        for name, tensor in made.named_parameters():
            part = slice_of(tensor)
            mine = wholes[name] if part is None else part.of(wholes[name], peers.rank, peers.size)
            tensor.copy_(mine)


def _remember(kind: Kind, module: Any, prefix: str) -> None:
    table, heads = kind.table(module), module.config.num_attention_heads
    constants = {f"{prefix}{k}": v for k, v in module.state_dict().items() if _constant(table, k)}

    def to_theirs(state: Mapping[str, Any]) -> dict[str, Any]:
        return table.to_theirs(state, prefix, heads) | constants

    def from_theirs(state: Mapping[str, Any]) -> dict[str, Any]:
        return table.from_theirs(state, prefix, heads)

    script.module_manager.num_attention_heads = heads
    script.module_manager.translate_functions.append((to_theirs, from_theirs))


def _constant(table: Table, name: str) -> bool:
    """Whether a state of an older transformers holds what ours computes."""
    return bool(table.dropped) and name.endswith(table.dropped)
