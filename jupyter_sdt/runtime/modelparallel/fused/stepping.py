"""What the plain equivalents of fused optimizers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.world import GroupName


class PlainStep(torch.optim.Optimizer):
    """An optimizer that updates one parameter after the other, counting steps for each group.

    Subclasses define :meth:`update`. ``amsgrad`` is refused with a RuntimeError, as by apex.
    ``elementwise`` says whether elements of one parameter are updated independently, and
    ``shared_by`` which groups of ranks together hold what is updated.
    """

    elementwise = False
    shared_by: Sequence[GroupName] = ()

    def __init__(self, params: Any, defaults: dict[str, Any], *, amsgrad: bool) -> None:
        if amsgrad:
            raise RuntimeError(f"{type(self).__name__} does not support the AMSGrad variant.")
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one step; return what ``closure`` returns."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        self.prepare()
        for group in self.param_groups:
            # Also without parameters: ranks that hold none of a group count as the others do.
            group["step"] = group.get("step", 0) + 1
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.update(parameter, parameter.grad.to(parameter.dtype), group)
        return loss

    def prepare(self) -> None:
        """Do what all parameters together need before they are updated: by default nothing."""

    def update(
        self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]
    ) -> None:
        """Update one parameter in place."""
        raise NotImplementedError

    def gradients(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """All parameters that have a gradient, with it."""
        found = (p for group in self.param_groups for p in group["params"])
        return ((p, p.grad) for p in found if p.grad is not None)

    def moments(self, parameter: torch.Tensor, *names: str) -> list[torch.Tensor]:
        """The running means of ``parameter``, zero at first."""
        state = self.state[parameter]
        for name in names:
            if name not in state:
                state[name] = torch.zeros_like(parameter)
        return [state[name] for name in names]


def corrections(group: dict[str, Any]) -> tuple[float, float]:
    """By what the two running means are too small after so many steps (Adam, section 3)."""
    if not group["bias_correction"]:
        return 1.0, 1.0
    first, second = group["betas"]
    return 1.0 - first ** group["step"], 1.0 - second ** group["step"]
