"""Calls as Hugging Face's models are called: arguments by name, in every version's order."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import torch

from jupyter_sdt.errors import SpecError

# What would need tensors that are never put together here; the last is for cross attention alone.
_NOT_PROVIDED = (
    "past_key_values",
    "inputs_embeds",
    "head_mask",
    "output_attentions",
    "output_hidden_states",
    "encoder_hidden_states",
)


def argument_names(forward: Callable[..., Any]) -> tuple[str, ...]:
    """The names of positional arguments of ``forward``, without ``self``."""
    return tuple(inspect.signature(forward).parameters)[1:]


def read_call(
    names: tuple[str, ...],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    *,
    crossing: bool = False,
) -> dict[str, Any]:
    """All arguments of one call by their names. Raises SpecError for what is not provided.

    ``crossing``: whether there is cross attention, to ``encoder_hidden_states``.
    """
    found = dict(zip(names, arguments, strict=False)) | named
    for name in _NOT_PROVIDED[:-1] if crossing else _NOT_PROVIDED:
        if _is_asked(found.get(name)):
            raise SpecError(
                f"{name}={_short(found[name])}: not provided by the layers of smp.nn; leave it out",
                argument=name,
            )
    return found


def masked(attention_mask: torch.Tensor | None) -> torch.Tensor | None:
    """[N, S], 1 where positions count, as 1 where they are hidden. Raises SpecError otherwise."""
    if attention_mask is None:
        return None
    if attention_mask.dim() != 2:
        raise SpecError(
            f"attention_mask has the shape {list(attention_mask.shape)}; it must have two "
            "dimensions, sequences and positions",
            argument="attention_mask",
        )
    return (attention_mask == 0).to(torch.uint8)


def as_output(kind: str, asked: dict[str, Any], config: Any, **values: Any) -> Any:
    """An output class of transformers, or with ``return_dict=False`` a tuple."""
    wanted = asked.get("return_dict")
    if wanted is None:
        wanted = getattr(config, "return_dict", True)
    if not wanted:
        return tuple(value for value in values.values() if value is not None)
    outputs = sys.modules["transformers.modeling_outputs"]  # which their models have imported
    return getattr(outputs, kind)(**values)


def _is_asked(value: Any) -> bool:
    """Whether there is more to it than None, of which older versions give a list."""
    nothing = isinstance(value, (list, tuple)) and value and all(item is None for item in value)
    return value is not None and value is not False and not nothing


def _short(value: object) -> object:
    return f"a tensor {list(value.shape)}" if isinstance(value, torch.Tensor) else value
