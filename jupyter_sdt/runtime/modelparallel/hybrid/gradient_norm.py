"""torch.sagemaker.grad_norm: the norm of gradients that shards and tensor peers hold together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.sharding.pieces import whole
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

# What wrappers put into the names of parameters.
_WRAPPERS = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gradient:
    """A gradient, and how many of all ranks hold the same one."""

    tensor: torch.Tensor
    alike: int


@torch.no_grad()
def clip_grad_norm_(model: nn.Module, max_norm: float, norm_type: float = 2.0) -> torch.Tensor:
    """Scale the gradients of ``model`` so that their norm over all of it is at most ``max_norm``.

    Returns the norm before, the same on all ranks, which call it together. Raises SpecError for
    anything but a module, whose parameters tell where the rest of the model lies.
    """
    if not isinstance(model, nn.Module):
        raise SpecError(
            f"model={type(model).__name__} must be the model that FSDP wrapped, not its parameters",
            argument="model",
        )
    norm = _norm(model, float(norm_type))
    factor = torch.clamp(float(max_norm) / (norm + 1e-6), max=1.0)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(factor.to(parameter.grad.device, parameter.grad.dtype))
    return norm


def _norm(model: nn.Module, norm_type: float) -> torch.Tensor:
    """The sum over all ranks, what several of them hold shared out among them."""
    largest = math.isinf(norm_type)
    total = torch.zeros((), dtype=torch.float64, device=state.current().device)
    for gradient in _gradients(model):
        norm = torch.linalg.vector_norm(gradient.tensor, norm_type, dtype=torch.float64)
        if largest:
            total = torch.maximum(total, norm)
        else:
            total += norm**norm_type / gradient.alike
    operation = dist.ReduceOp.MAX if largest else dist.ReduceOp.SUM
    dist.all_reduce(total, operation, group=state.group_for(total))
    return total if largest else total ** (1.0 / norm_type)


def _gradients(model: nn.Module) -> Iterator[_Gradient]:
    seen: set[int] = set()
    for prefix, module in model.named_modules():
        handle: Any = getattr(module, "_handle", None)
        if isinstance(module, FullyShardedDataParallel) and handle is not None:
            shards = dist.get_world_size(handle.process_group)
            for name, tensor in _of_handle(handle):
                full = f"{prefix}.{name}".lstrip(".")
                yield _gradient(tensor, full, shards if handle.uses_sharded_strategy else 1)
            seen.update(id(p) for p in (handle.flat_param, *(handle.flat_param._params or ())))
    for name, parameter in model.named_parameters():
        if id(parameter) not in seen and parameter.grad is not None:
            sliced = slice_of(parameter) is not None
            yield _gradient(whole(parameter.grad), name, 1, sliced=sliced)


def _gradient(tensor: torch.Tensor, name: str, pieces: int, *, sliced: bool = False) -> _Gradient:
    """``tensor`` is one of so many ``pieces`` of what lies on this rank's peers of either kind."""
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
    here = state.current()
    pieces *= here.peers.size if sliced or name in here.slices else 1
    pieces *= here.expert_peers.size if name in here.experts else 1
    return _Gradient(tensor=tensor, alike=here.degrees.world_size // pieces)


def _of_handle(handle: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """What lies here of the gradient of each parameter that FSDP has put into one flat tensor."""
    flat = handle.flat_param
    if handle._use_orig_params:
        grads = (parameter.grad for parameter in flat._params)
        yield from ((n, g) for n, g in zip(flat._fqns, grads, strict=True) if g is not None)
    elif flat.grad is not None:
        content = flat.grad.flatten()
        for name, info in zip(flat._fqns, flat._shard_param_infos, strict=True):
            if info.in_shard:
                yield name, content.narrow(0, info.offset_in_shard, info.numel_in_shard)
