"""Buffers of a model that was made on the meta device, where their values were lost.

Nothing tells how a buffer is computed but the code that makes the model: it runs once more, for a
model of one layer whose parameters stay on the meta device.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

_NUMBER = re.compile(r"\.\d+\.")


def whole_buffers(model: nn.Module) -> dict[str, torch.Tensor]:
    """The values of the buffers of ``model``, by name; none for what cannot be made again.

    All layers of a Hugging Face model have the same buffers.
    """
    config = getattr(model, "config", None)
    if config is None:
        return {}
    with torch.random.fork_rng([]), torch.device("cpu"), _parameters_on_meta():
        twin = _twin(type(model), config)
    found, names = dict(_held(twin)), [name for name, _ in _held(model)]
    sources = {name: name if name in found else _NUMBER.sub(".0.", name) for name in names}
    return {name: found[source] for name, source in sources.items() if source in found}


def buffers_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """The module's own buffers, and the tensors that older code keeps as plain attributes."""
    plain = {n: value for n, value in vars(module).items() if isinstance(value, torch.Tensor)}
    return plain | dict(module.named_buffers(recurse=False))


def _held(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    for prefix, module in model.named_modules():
        for name, tensor in buffers_of(module).items():
            yield f"{prefix}.{name}".lstrip("."), tensor


def _twin(kind: Callable[[Any], nn.Module], config: Any) -> nn.Module:
    small = copy.deepcopy(config)
    small.num_hidden_layers = 1
    try:
        return kind(small)
    except Exception:  # noqa: BLE001 - a configuration whose parts must agree with the number
        return kind(copy.deepcopy(config))


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    original: Any = nn.Module.register_parameter

    def register(self: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        if parameter is not None:
            parameter = nn.Parameter(parameter.to("meta"), parameter.requires_grad)
        original(self, name, parameter)

    nn.Module.register_parameter = register  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        nn.Module.register_parameter = original  # type: ignore[method-assign]
