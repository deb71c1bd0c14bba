"""Adam and AdamW under the fused optimizer's name."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.fused.stepping import PlainStep, corrections


class FusedAdam(PlainStep):
    """Adam (arXiv 1412.6980); with ``adam_w_mode`` weight decay is decoupled (arXiv 1711.05101).

    Raises RuntimeError for ``amsgrad``.
    """

    elementwise = True

    def __init__(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        params: Any,
        lr: float = 1e-3,
        bias_correction: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        adam_w_mode: bool = True,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        set_grad_none: bool = True,
    ) -> None:
        defaults = {"lr": lr, "bias_correction": bias_correction, "betas": betas, "eps": eps}
        super().__init__(params, {**defaults, "weight_decay": weight_decay}, amsgrad=amsgrad)
        self.adam_w_mode = adam_w_mode
        self.set_grad_none = set_grad_none

    def update(
        self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]
    ) -> None:
        """Update one parameter in place."""
        decay, (first, second) = group["weight_decay"], group["betas"]
        mean, square = self.moments(parameter, "exp_avg", "exp_avg_sq")
        if decay and not self.adam_w_mode:
            gradient = gradient.add(parameter, alpha=decay)
        mean.lerp_(gradient, 1 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        by_mean, by_square = corrections(group)
        change = (mean / by_mean) / ((square / by_square).sqrt() + group["eps"])
        if decay and self.adam_w_mode:
            change.add_(parameter, alpha=decay)
        parameter.sub_(change, alpha=group["lr"])

    def zero_grad(self, set_to_none: bool | None = None) -> None:
        """Forget gradients; what happens without an argument, ``set_grad_none`` said."""
        super().zero_grad(self.set_grad_none if set_to_none is None else set_to_none)
