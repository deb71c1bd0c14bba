"""What the tensors of a sharded model take in a step, by torch's own tracker of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.distributed._tools.fsdp2_mem_tracker import FSDPMemTracker, _FSDPRefType

_NOT_COUNTED = ("Total", _FSDPRefType.ACT, _FSDPRefType.INP)


def most_but_activations(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: tuple[torch.Tensor, ...],
    run: Callable[[], None],
) -> int:
    """Most bytes of everything but inputs and activations while ``run()`` makes a step.

    That is parameters, whole or divided, gradients, the optimizer's state, buffers of collectives,
    and what backward and optimizer compute in between.
    """
    tracker = _Tracker(model, optimizer)
    tracker.track_inputs(inputs)
    with tracker:
        run()
    return tracker.most


class _Tracker(FSDPMemTracker):
    most = 0

    def _update_peak_stats(self, peak_state: Any) -> None:
        del peak_state
        now = self._curr_mem_snap.get(torch.device("cpu"), {})
        counted = sum(size for kind, size in now.items() if kind not in _NOT_COUNTED)
        self.most = max(self.most, counted)
