"""apex.optimizers.fused_sgd: torch's SGD with apex's arguments."""

from __future__ import annotations

from typing import Any

import torch


class FusedSGD(torch.optim.SGD):
    """Stochastic gradient descent. ``materialize_master_grads`` says nothing about the result.

    Raises NotImplementedError for ``wd_after_momentum``.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the library's signature
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        wd_after_momentum: bool = False,
        materialize_master_grads: bool = True,  # noqa: ARG002
        set_grad_none: bool = False,
    ) -> None:
        if wd_after_momentum:
            raise NotImplementedError("FusedSGD(wd_after_momentum=True) is not provided")
        super().__init__(params, lr, momentum, dampening, weight_decay, nesterov)
        self.set_grad_none = set_grad_none
