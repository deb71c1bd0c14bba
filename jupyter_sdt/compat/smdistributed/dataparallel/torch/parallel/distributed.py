"""smdistributed.dataparallel.torch.parallel.distributed: the wrapper of the versions 1.0 to 1.3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as TorchDistributedDataParallel

from jupyter_sdt.runtime.process_environment import process_environment

from ...exceptions import SMDDPError


class DistributedDataParallel(nn.Module):
    """``module`` whose gradients are the mean over all ranks after ``backward()``.

    Arguments are those of the library's documentation; ``device_ids`` and ``output_device`` go to
    torch's DistributedDataParallel. Parameters and buffers become rank 0's. Scripts wrap first and
    call ``model.cuda(local_rank)`` afterwards: parameters stay the same objects, and torch's
    wrapper is made only when gradients are first needed.

    Raises SMDDPError before init_process_group(), for a ``process_group`` other than WORLD, and for
    ``gradient_accumulation_steps``.
    """

    _settings: dict[str, Any]
    _parallel: TorchDistributedDataParallel | None
    _synchronized: bool

    def __init__(  # noqa: PLR0913 - the library's signature
        self,
        module: nn.Module,
        device_ids: Any = None,
        output_device: Any = None,
        broadcast_buffers: bool = True,
        process_group: Any = None,
        bucket_cap_mb: float = 25,
        *,
        find_unused_parameters: bool = False,
        gradient_as_bucket_view: bool = False,
        gradient_accumulation_steps: int = 1,
    ) -> None:
        super().__init__()
        _check(process_group, gradient_accumulation_steps)
        self.module = module
        settings = {
            "device_ids": device_ids,
            "output_device": output_device,
            "broadcast_buffers": broadcast_buffers,
            "bucket_cap_mb": bucket_cap_mb,
            "find_unused_parameters": find_unused_parameters,
            "gradient_as_bucket_view": gradient_as_bucket_view,
        }
        # Hidden from nn.Module, where every parameter would be seen a second time.
        object.__setattr__(self, "_settings", settings)
        object.__setattr__(self, "_parallel", None)
        object.__setattr__(self, "_synchronized", False)
        if _in_place(module):
            self._synchronize()

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """Call the module; with gradients on, prepare their exchange."""
        if not self._synchronized:
            self._synchronize()
        trains = torch.is_grad_enabled() and self._trainable()
        return (self._made() if trains else self.module)(*arguments, **named)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Within this context gradients only add up on each rank."""
        if not self._trainable():
            yield
            return
        with self._made().no_sync():
            yield

    def train(self, mode: bool = True) -> DistributedDataParallel:
        """Switch the module between training and evaluation."""
        super().train(mode)
        if self._parallel is not None:
            self._parallel.training = mode
        return self

    def _trainable(self) -> bool:
        return any(parameter.requires_grad for parameter in self.module.parameters())

    def _made(self) -> TorchDistributedDataParallel:
        if not self._synchronized:
            self._synchronize()
        if self._parallel is None:
            made = TorchDistributedDataParallel(self.module, init_sync=False, **self._settings)
            made.training = self.training
            object.__setattr__(self, "_parallel", made)
            return made
        return self._parallel

    def _synchronize(self) -> None:
        states = [*self.module.parameters(), *self.module.buffers()]
        works = [dist.broadcast(state.detach(), src=0, async_op=True) for state in states]
        for work in works:
            work.wait()
        object.__setattr__(self, "_synchronized", True)

    def _apply(self, function: Any, recurse: bool = True) -> DistributedDataParallel:
        before = _devices(self.module)
        super()._apply(function, recurse)  # type: ignore[no-untyped-call]
        if self._parallel is not None and _devices(self.module) != before:
            raise SMDDPError(
                "the model was moved to another device after it had computed gradients; move it "
                "before the first forward pass"
            )
        return self


def _check(process_group: Any, gradient_accumulation_steps: int) -> None:
    if not dist.is_initialized():
        raise SMDDPError(
            "DistributedDataParallel needs the ranks to have met: call "
            "smdistributed.dataparallel.torch.distributed.init_process_group() first"
        )
    if process_group not in (None, "WORLD", dist.group.WORLD):
        raise SMDDPError("process_group: this library knows the group of all ranks only")
    if gradient_accumulation_steps != 1:
        raise SMDDPError(
            f"gradient_accumulation_steps={gradient_accumulation_steps} is not supported (the "
            "library dropped it in 1.4); accumulate within no_sync()"
        )


def _devices(module: nn.Module) -> set[torch.device]:
    return {parameter.device for parameter in module.parameters()}


def _in_place(module: nn.Module) -> bool:
    """Whether the ranks of a node have not all put their models on the first GPU for now."""
    mine = process_environment().local_rank
    indices = {device.index or 0 for device in _devices(module) if device.type == "cuda"}
    return indices <= {mine}
