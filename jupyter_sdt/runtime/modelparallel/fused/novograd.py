"""NovoGrad: one second moment for each layer."""

from __future__ import annotations

import math
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.fused.stepping import PlainStep, corrections
from jupyter_sdt.runtime.modelparallel.norms import slice_norm


class FusedNovoGrad(PlainStep):
    """Ginsburg et al., arXiv 1905.11286, in apex's two forms.

    By default the mean is of plain gradients, and decay stands outside; with ``reg_inside_moment``
    it is of normalized gradients plus decay, as in the paper. ``norm_type`` is 2, or 0 for the
    largest element. Raises RuntimeError for ``amsgrad`` and other norms.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        params: Any,
        lr: float = 1e-3,
        bias_correction: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        reg_inside_moment: bool = False,
        grad_averaging: bool = True,
        norm_type: int = 2,
        init_zero: bool = False,
        set_grad_none: bool = True,
    ) -> None:
        if norm_type not in {0, 2}:
            raise RuntimeError(f"FusedNovoGrad only supports norm_type 2 and 0, not {norm_type}.")
        defaults = {"lr": lr, "bias_correction": bias_correction, "betas": betas, "eps": eps}
        defaults |= {"weight_decay": weight_decay, "grad_averaging": grad_averaging}
        defaults |= {"norm_type": norm_type, "init_zero": init_zero}
        super().__init__(params, defaults, amsgrad=amsgrad)
        self.reg_inside_moment = reg_inside_moment
        self.set_grad_none = set_grad_none

    def update(
        self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]
    ) -> None:
        """Update one parameter in place."""
        first, decay = group["betas"][0], group["weight_decay"]
        by_mean, by_square = corrections(group)
        size = self._running_norm(parameter, gradient, group) / math.sqrt(by_square) + group["eps"]
        (mean,) = self.moments(parameter, "exp_avg")
        share = 1 - first if group["grad_averaging"] else 1.0
        if self.reg_inside_moment:
            inside = (gradient / size).add_(parameter, alpha=decay)
            change = mean.mul_(first).add_(inside, alpha=share) / by_mean
        else:
            mean.mul_(first).add_(gradient, alpha=share)
            change = (mean / by_mean / size).add_(parameter, alpha=decay)
        parameter.sub_(change, alpha=group["lr"])

    def _running_norm(
        self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]
    ) -> float:
        second = group["betas"][1]
        kind = 2.0 if group["norm_type"] == 2 else math.inf
        norm, state = slice_norm(parameter, gradient, kind), self.state[parameter]
        before = float(state.get("exp_avg_norm", 0.0 if group["init_zero"] else norm))
        if kind == 2.0:
            now = math.sqrt(second * before**2 + (1 - second) * norm**2)
        else:
            now = second * before + (1 - second) * norm
        state["exp_avg_norm"] = torch.tensor(now)
        return now

    def zero_grad(self, set_to_none: bool | None = None) -> None:
        """Forget gradients; what happens without an argument, ``set_grad_none`` said."""
        super().zero_grad(self.set_grad_none if set_to_none is None else set_to_none)
