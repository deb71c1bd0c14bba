"""torch.sagemaker.distributed.checkpoint.state_dict_utils: states of models and optimizers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

import torch
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel, StateDictType

from jupyter_sdt.errors import SpecError


class SMStateDictType(Enum):
    """``SM_LOCAL_STATE_DICT``: each rank's own shards, gathered by nobody."""

    SM_LOCAL_STATE_DICT = auto()


@contextmanager
def sm_state_dict_type(
    model: nn.Module,
    state_dict_type: SMStateDictType | StateDictType = SMStateDictType.SM_LOCAL_STATE_DICT,
) -> Iterator[None]:
    """Let ``state_dict()`` and ``load_state_dict()`` of ``model`` speak of shards in this block.

    Raises SpecError for a type that is neither ours nor torch's.
    """
    if isinstance(state_dict_type, SMStateDictType):
        state_dict_type = StateDictType.SHARDED_STATE_DICT
    if not isinstance(state_dict_type, StateDictType):
        raise SpecError(
            f"state_dict_type={state_dict_type!r} must be SMStateDictType.SM_LOCAL_STATE_DICT or "
            "one of torch's StateDictType",
            argument="state_dict_type",
        )
    with _quietly():
        before = FullyShardedDataParallel.set_state_dict_type(model, state_dict_type)
    try:
        yield
    finally:
        with _quietly():
            FullyShardedDataParallel.set_state_dict_type(
                model,
                before.state_dict_type,
                before.state_dict_config,
                before.optim_state_dict_config,
            )


@contextmanager
def _quietly() -> Iterator[None]:
    """The script has not called what torch warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def init_optim_state(optimizer: torch.optim.Optimizer, skip_empty_param: bool = False) -> None:
    """Make the state of ``optimizer`` without changing a parameter, so that it can be loaded.

    One step is taken with gradients of zero and, for its duration, learning rates of zero. With
    ``skip_empty_param`` parameters of no elements get no state.
    """
    if optimizer.state:
        return
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    rates = [group["lr"] for group in optimizer.param_groups]
    for parameter in parameters:
        if parameter.requires_grad and (parameter.numel() or not skip_empty_param):
            parameter.grad = torch.zeros_like(parameter)
    for group in optimizer.param_groups:
        group["lr"] = torch.zeros_like(group["lr"]) if torch.is_tensor(group["lr"]) else 0.0
    optimizer.step()
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
