"""``smp.DistributedOptimizer``: any optimizer of torch, on the parameters that this rank holds.

https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.activations.unused import tell_of_nothing_offloaded
from jupyter_sdt.runtime.modelparallel.norms import gradient_norm, overflows, sharing_groups
from jupyter_sdt.runtime.modelparallel.optimizer.entries import (
    Entries,
    names_in_model,
    plain_optimizer,
)
from jupyter_sdt.runtime.modelparallel.optimizer.loss_scale import (
    DynamicLossScale,
    StaticLossScale,
)
from jupyter_sdt.runtime.modelparallel.optimizer.states import GivenStates
from jupyter_sdt.runtime.modelparallel.script_state import state as script


class DistributedOptimizer(GivenStates):
    """``optimizer`` whose groups hold, once the model is partitioned, what this rank has of them.

    It is an optimizer of torch itself, for learning-rate schedulers: groups and state are those of
    ``self.optimizer``. With ``fp16`` the groups hold fp32 copies, gradients are divided by the loss
    scale, and a step whose gradients are not finite is left out on all ranks (``overflow``). With
    ``shard_optimizer_state`` the replicas of a slice divide its parameters among them.

    Raises RuntimeStateError before ``smp.init()``, SpecError for bad ``dynamic_loss_args``.
    """

    # torch.amp.GradScaler would hand its scale to a fused optimizer; gradients are divided here.
    _step_supports_amp_scaling = False

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        static_loss_scale: float | None = 1.0,
        dynamic_loss_scale: bool = False,
        dynamic_loss_args: Mapping[str, Any] | None = None,
    ) -> None:
        self._world = world.current()
        self.optimizer = plain_optimizer(optimizer)
        if hasattr(optimizer, "shared_by"):
            optimizer.shared_by = sharing_groups()
        self._known = names_in_model(script.model)
        self._entries = Entries(self.optimizer, self._known)
        self._working = self._to_load = None
        self._has_gradients = False
        self.overflow = False
        self._global_grad_norm = 0.0
        self.loss_scaler = StaticLossScale()
        if self._world.parameters.fp16 and dynamic_loss_scale:
            self.loss_scaler = DynamicLossScale.from_arguments(dynamic_loss_args or {})
        elif self._world.parameters.fp16:
            self.loss_scaler.scale = static_loss_scale or 1.0
        script.optimizer = self
        script.when_partitioned(self._keep_local)
        if script.model is None:
            self._keep_local()
        if script.optimizer_state_to_load is not None:
            self.load_state_dict(script.optimizer_state_to_load)
            script.optimizer_state_to_load = None

    def __repr__(self) -> str:
        return f"DistributedOptimizer({self.optimizer!r})"

    @property
    def loss_scale(self) -> float:
        """What the model's backward multiplies losses by."""
        return self.loss_scaler.scale

    def zero_grad(
        self,
        set_to_none: bool = True,
        set_grads_to_None: bool | None = None,  # noqa: N803
    ) -> None:
        """Forget the gradients of the model's parameters."""
        forget = set_to_none if set_grads_to_None is None else set_grads_to_None
        for entry in self._entries:
            if forget:
                entry.parameter.grad = None
            elif entry.parameter.grad is not None:
                entry.parameter.grad = torch.zeros_like(entry.parameter.grad)
        self.optimizer.zero_grad(set_to_none=forget)
        self._has_gradients = False

    def update_master_grads(self) -> None:
        """Collect the gradients, divided by the loss scale, and look for overflow on all ranks.

        :meth:`step` does so unless the script has. Every rank of the model calls it.
        """
        if script.model is not None:
            script.model.finish_exchange()
            tell_of_nothing_offloaded()  # with one stage nobody needs smp.step
        self.working.take_gradients(1.0 / self.loss_scale)
        self._has_gradients = True
        if self._world.parameters.fp16:
            self.overflow = overflows(self.working.gradients())

    def clip_master_grads(self, max_norm: float, norm_type: float = 2.0) -> float:
        """Scale the gradients of the whole model to a norm of at most ``max_norm``; return it.

        The norm is that over all stages and slices. After an overflow nothing is done, and -1 is
        returned. Every rank of the model calls it.
        """
        if not self._has_gradients:
            self.update_master_grads()
        if self.overflow:
            return -1.0
        gradients = list(self.working.gradients())
        norm = gradient_norm(gradients, norm_type, sharing_groups())
        self._global_grad_norm = norm
        factor = max_norm / (norm + 1e-6)
        if factor < 1.0 and gradients:
            torch._foreach_mul_([gradient for _, gradient in gradients], factor)
        return norm

    # What transformers looks for, up to 4.30: else it would clip each stage by its own norm.
    clip_grad_norm = clip_master_grads

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make a step with what lies here; all ranks of the model call it, also those without.

        Returns what ``closure`` returns.
        """
        working = self.working
        if closure is not None and self._plainly():
            # Only so may the optimizer call it several times, as LBFGS does.
            return self.optimizer.step(closure)
        result: Any = None if closure is None else torch.enable_grad()(closure)()
        if not self._has_gradients:
            self.update_master_grads()
        if self._world.parameters.sharded:
            self.clip_master_grads(self._world.parameters.sdp_gradient_clipping)
        self._has_gradients = False
        self.loss_scaler.update(self.overflow)
        if not self.overflow:
            self.optimizer.step()
            working.give_parameters()
        return result
