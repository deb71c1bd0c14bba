"""torch.sagemaker.transform: a Hugging Face model, divided among tensor peers, ready for FSDP."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.context.calls import divide_sequences
from jupyter_sdt.runtime.modelparallel.hybrid.dividing import divide, mark_layers
from jupyter_sdt.runtime.modelparallel.hybrid.experts.slices import some_experts
from jupyter_sdt.runtime.modelparallel.hybrid.families import check_model
from jupyter_sdt.runtime.modelparallel.hybrid.moe import check_experts, check_moe
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

_CP_COMMUNICATION = ("p2p", "all_gather")


def transform(
    model: nn.Module,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | None = None,
    config: Any = None,
    load_state_dict_from_rank0: bool = False,
    cp_comm_type: str = "p2p",
) -> nn.Module:
    """Divide ``model`` among tensor peers and expert peers, in place, and return it.

    Its parameters keep their names. Tensor peers are given the same batch, and compute the loss and
    the gradients of one process. Context peers are given parts of the same batch (see
    ``torch.sagemaker.context_parallel.utils.get_batch_for_cp_rank``), and return the loss of whole
    sequences; with either ``cp_comm_type`` keys and values are gathered.

    With ``load_state_dict_from_rank0`` all values are those of rank 0, and the model of the other
    ranks may lie on the meta device; otherwise tensor peers take over what the first of them has.
    A model on the meta device stays there (``DelayedParamIniter`` fills it). Where all degrees are
    1 nothing is divided.

    Raises SpecError for models that cannot be divided, RuntimeStateError before ``init()``.
    https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
    """
    _check(model, config, cp_comm_type)
    mark_layers(model)
    source = _Source(model, from_rank_0=load_state_dict_from_rank0)
    divide(model, source.whole)
    source.fill_rest(model)
    divide_sequences(model)
    _note(model)
    return _moved(model, device, dtype)


def _note(model: nn.Module) -> None:
    """Checkpoints and norms know parameters by their names."""
    here = state.current()
    named = list(model.named_parameters())
    here.slices |= {name: part for name, p in named if (part := slice_of(p)) is not None}
    here.experts |= {name for name, parameter in named if some_experts(parameter)}


def _check(model: object, config: Any, cp_comm_type: str) -> None:
    if not isinstance(model, nn.Module):
        raise SpecError(f"model={type(model).__name__} must be a torch.nn.Module", argument="model")
    if cp_comm_type not in _CP_COMMUNICATION:
        raise SpecError(
            f"cp_comm_type={cp_comm_type!r} must be 'p2p' or 'all_gather'", argument="cp_comm_type"
        )
    check_moe(model, config)
    here = state.current()
    if here.peers.size > 1:
        check_model(model, here.peers.size)
    if here.expert_peers.size > 1:
        check_experts(model, here.expert_peers.size)


def _moved(model: nn.Module, device: Any, dtype: torch.dtype | None) -> nn.Module:
    """A model on the meta device is made where it is initialised, whatever ``device`` says."""
    if any(parameter.is_meta for parameter in model.parameters()):
        device = None
    marks = {name: vars(p) for name, p in model.named_parameters()}
    moved = model.to(device=device, dtype=dtype)
    for name, parameter in moved.named_parameters():
        vars(parameter).update(marks[name])
    return moved


def _is_part(parameter: torch.Tensor) -> bool:
    """Whether peers hold other parts of what ``parameter`` is one of."""
    return slice_of(parameter) is not None or some_experts(parameter)


class _Source:
    """Whole tensors for parameters: as they are, the first tensor peer's, or rank 0's."""

    def __init__(self, model: nn.Module, *, from_rank_0: bool) -> None:
        self._from_rank_0 = from_rank_0
        self._filled: dict[torch.Tensor, torch.Tensor] = {}  # what modules share stays shared
        if from_rank_0 and dist.get_rank() == 0 and any(p.is_meta for p in model.parameters()):
            raise SpecError(
                "load_state_dict_from_rank0=True: the model of rank 0 has parameters on the meta "
                "device; load its weights before transform()",
                argument="load_state_dict_from_rank0",
            )

    def whole(self, tensor: torch.Tensor) -> torch.Tensor:
        """All of ``tensor``, with the values that count."""
        if self._from_rank_0:
            return _from_rank_0(tensor)
        if not tensor.is_meta and state.current().peers.size > 1:
            state.current().peers.copy_first(tensor.detach())
        return tensor

    def fill_rest(self, model: nn.Module) -> None:
        """Give parameters that are not divided, and buffers, the values that count."""
        for module in model.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None and not _is_part(parameter):
                    module._parameters[name] = self._fill(parameter)  # type: ignore[assignment]
            for name, buffer in module._buffers.items():
                if buffer is not None and self._from_rank_0:
                    module._buffers[name] = self._fill(buffer)

    def _fill(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor not in self._filled:
            self._filled[tensor] = _with_values(tensor, self.whole(tensor))
        return self._filled[tensor]


def _from_rank_0(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.is_meta:
        content = torch.empty_like(tensor, device=state.current().device)
    else:
        content = tensor.detach().contiguous()
    dist.broadcast(content, 0, group=state.group_for(content))
    return content


def _with_values(tensor: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
    """``tensor`` with the values ``content``; one on the meta device makes room for them."""
    if not tensor.is_meta:
        if content is not tensor:
            tensor.detach().copy_(content)
        return tensor
    if isinstance(tensor, nn.Parameter) and not content.is_meta:
        return nn.Parameter(content, requires_grad=tensor.requires_grad)
    return content
