"""States that only the rank understands that made them: optimizers over FSDP's flat parameters.

Their keys are the same on every rank and their tensors are not. They travel as one object of each
rank, and come back to a job of as many ranks.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist

from jupyter_sdt.errors import SpecError

_OURS = "sdt_local_state"


def is_local(value: object) -> bool:
    """Whether ``value`` is what ``optimizer.state_dict()`` returns: parameters are numbers."""
    if not isinstance(value, Mapping) or not {"state", "param_groups"} <= set(value):
        return False
    return all(isinstance(p, int) for group in value["param_groups"] for p in group["params"])


def packed(given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` with each local state as bytes under this rank's name."""
    return {
        key: {_name(): _bytes_of(value)} if is_local(value) else value
        for key, value in given.items()
    }


def asked_for(given: Mapping[str, Any]) -> dict[str, Any]:
    """The form in which :func:`packed` states are read."""
    return {
        key: {_name(): io.BytesIO()} if is_local(value) else value for key, value in given.items()
    }


def unpack(asked: Mapping[str, Any], given: dict[str, Any]) -> None:
    """Put what was read into ``asked`` back in its place in ``given``."""
    for key, value in asked.items():
        if isinstance(value, Mapping) and _name() in value:
            value[_name()].seek(0)
            given[key] = torch.load(value[_name()], weights_only=False)
        else:
            given[key] = value


def check_ranks(asked: Mapping[str, Any], on_disk: Mapping[str, Any]) -> None:
    """Raise SpecError where the checkpoint has local states of another number of ranks."""
    for key, value in asked.items():
        if not (isinstance(value, Mapping) and _name() in value):
            continue
        if f"{key}.{_name()}" not in on_disk:
            raise SpecError(
                f"state_dict[{key!r}]: the checkpoint has no state of rank {dist.get_rank()} of "
                f"{dist.get_world_size()}; to load an optimizer with another number of ranks, save "
                "FSDP.optim_state_dict(model, optimizer)",
                argument="state_dict",
            )


def _name() -> str:
    return f"{_OURS}_{dist.get_rank()}_of_{dist.get_world_size()}"


def _bytes_of(value: Any) -> io.BytesIO:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream
