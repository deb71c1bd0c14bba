"""LAMB: layers that move in proportion to their own size."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.fused.stepping import PlainStep, corrections
from jupyter_sdt.runtime.modelparallel.norms import gradient_norm, slice_norm


class FusedLAMB(PlainStep):
    """You et al., arXiv 1904.00962, with gradients first clipped to a global norm.

    The global norm is that of the whole model, and the norms of a sliced parameter those of the
    whole, where several ranks hold it. ``use_nvlamb`` adapts parameters without weight decay, too.
    Raises RuntimeError for ``amsgrad``.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        params: Any,
        lr: float = 1e-3,
        bias_correction: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        adam_w_mode: bool = True,
        grad_averaging: bool = True,
        set_grad_none: bool = True,
        max_grad_norm: float = 1.0,
        use_nvlamb: bool = False,
    ) -> None:
        defaults = {"lr": lr, "bias_correction": bias_correction, "betas": betas, "eps": eps}
        defaults |= {"weight_decay": weight_decay, "grad_averaging": grad_averaging}
        defaults["max_grad_norm"] = max_grad_norm
        super().__init__(params, defaults, amsgrad=amsgrad)
        self.adam_w_mode = adam_w_mode
        self.set_grad_none = set_grad_none
        self.use_nvlamb = use_nvlamb
        self._too_large = 1.0

    def prepare(self) -> None:
        """Find out by what all gradients have to be divided; every rank of the model does."""
        norm = gradient_norm(self.gradients(), groups=self.shared_by)
        most = float(self.defaults["max_grad_norm"])
        self._too_large = norm / most if most > 0 and norm > most else 1.0

    def update(
        self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]
    ) -> None:
        """Update one parameter in place."""
        decay, (first, second) = group["weight_decay"], group["betas"]
        gradient = gradient / self._too_large
        if decay and not self.adam_w_mode:
            gradient = gradient.add(parameter, alpha=decay)
        mean, square = self.moments(parameter, "exp_avg", "exp_avg_sq")
        mean.mul_(first).add_(gradient, alpha=1 - first if group["grad_averaging"] else 1.0)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        by_mean, by_square = corrections(group)
        change = (mean / by_mean) / ((square / by_square).sqrt() + group["eps"])
        if decay and self.adam_w_mode:
            change.add_(parameter, alpha=decay)
        ratio = 1.0
        if decay or self.use_nvlamb:
            size, step = slice_norm(parameter, parameter), slice_norm(parameter, change)
            ratio = size / step if size > 0 and step > 0 else 1.0
        parameter.sub_(change, alpha=group["lr"] * ratio)

    def zero_grad(self, set_to_none: bool | None = None) -> None:
        """Forget gradients; what happens without an argument, ``set_grad_none`` said."""
        super().zero_grad(self.set_grad_none if set_to_none is None else set_to_none)
