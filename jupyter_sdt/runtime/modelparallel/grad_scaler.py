"""``smp.amp.GradScaler``: torch's, with one opinion on overflow for all ranks of the model."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.norms import on_any_rank
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer


class GradScaler(torch.amp.GradScaler):
    """Scales losses; a step is left out on all ranks when one of them finds inf or NaN.

    Arguments are those of torch.cuda.amp.GradScaler. All ranks of the model call ``step`` and
    ``update``, also those that compute no loss or hold no parameters.
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            world.current().device.type,
            init_scale=init_scale,
            growth_factor=growth_factor,
            backoff_factor=backoff_factor,
            growth_interval=growth_interval,
            enabled=enabled,
        )

    def unscale_(self, optimizer: torch.optim.Optimizer) -> None:
        """Divide the gradients by the scale, and agree on whether all of them are finite."""
        if isinstance(optimizer, DistributedOptimizer):
            optimizer.update_master_grads()
        super().unscale_(optimizer)

    def _check_scale_growth_tracker(self, funcname: str) -> tuple[torch.Tensor, torch.Tensor]:
        # A stage that has no loss has never called scale().
        if self._scale is None:
            self._lazy_init_scale_growth_tracker(world.current().device)
        found: tuple[torch.Tensor, torch.Tensor] = super()._check_scale_growth_tracker(funcname)
        return found

    def _unscale_grads_(
        self,
        optimizer: torch.optim.Optimizer,
        inv_scale: torch.Tensor,
        found_inf: torch.Tensor,
        allow_fp16: bool,
    ) -> dict[torch.device, Any]:
        found = super()._unscale_grads_(optimizer, inv_scale, found_inf, allow_fp16)
        overflow = on_any_rank(any(bool(flag) for flag in found.values()))
        return {found_inf.device: found_inf.fill_(float(overflow))}
