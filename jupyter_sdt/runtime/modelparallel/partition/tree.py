"""Reading an nn.Module into the partitioner's tree."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.nodes import Node, Tree

# Their forward hands their children's weights to a fused function without calling the children.
_READ_THEIR_CHILDREN = (nn.MultiheadAttention,)


def read_tree(model: nn.Module) -> Tree:
    """The tree of ``model``; bytes are those of parameters and buffers as they are now.

    Raises SpecError for what cannot be partitioned: a ScriptModule anywhere in it, and parameters
    whose shape is not known yet.
    """
    aliases = _aliases(model)
    return Tree(tuple(_node(name, module, aliases) for name, module in model.named_modules()))


def _node(name: str, module: nn.Module, aliases: dict[int, list[str]]) -> Node:
    if isinstance(module, torch.jit.ScriptModule):
        raise SpecError(
            f"module {name or 'of the model itself'!r} is a ScriptModule, which cannot be "
            "partitioned; give the plain nn.Module that it was scripted from",
            argument="module",
        )
    return Node(
        name=name,
        parent=_parent(name),
        parameters=dict(_parameters(name, module)),
        buffer_bytes=sum(buffer.nbytes for buffer in module.buffers(recurse=False)),
        container=not _has_forward(module),
        whole=isinstance(module, _READ_THEIR_CHILDREN) or name.endswith("parametrizations"),
        aliases=tuple(other for other in aliases[id(module)] if other != name),
    )


def _has_forward(module: nn.Module) -> bool:
    return type(module).forward is not nn.Module.forward or "forward" in vars(module)


def _parent(name: str) -> str | None:
    return name.rpartition(".")[0] if name else None


def _parameters(name: str, module: nn.Module) -> Iterator[tuple[int, int]]:
    for own, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            full = f"{name}.{own}" if name else own
            raise SpecError(
                f"parameter {full!r} has no shape yet, because its module is a lazy one; call the "
                "model once before it is partitioned",
                argument="module",
            )
        yield id(parameter), parameter.nbytes


def _aliases(model: nn.Module) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        found.setdefault(id(module), []).append(name)
    return found
