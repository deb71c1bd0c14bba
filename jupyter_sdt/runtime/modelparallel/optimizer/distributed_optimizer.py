"""``smp.DistributedOptimizer``: any optimizer of torch, on the parameters that this rank holds.

https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.norms import gradient_norm, overflows, sharing_groups
from jupyter_sdt.runtime.modelparallel.optimizer import saved_state
from jupyter_sdt.runtime.modelparallel.optimizer.entries import (
    Entries,
    names_in_model,
    plain_optimizer,
)
from jupyter_sdt.runtime.modelparallel.optimizer.loss_scale import (
    DynamicLossScale,
    StaticLossScale,
)
from jupyter_sdt.runtime.modelparallel.optimizer.working import Working
from jupyter_sdt.runtime.modelparallel.optimizer.workings import working_for
from jupyter_sdt.runtime.modelparallel.script_state import state as script

_SCALER = "loss_scaler"


class DistributedOptimizer(torch.optim.Optimizer):
    """``optimizer`` whose groups hold, once the model is partitioned, what this rank has of them.

    It is an optimizer of torch itself, for learning-rate schedulers: groups and state are those of
    ``self.optimizer``. With ``fp16`` the groups hold fp32 copies, gradients are divided by the loss
    scale, and a step whose gradients are not finite is left out on all ranks (``overflow``). With
    ``shard_optimizer_state`` the replicas of a slice divide its parameters among them.

    Raises RuntimeStateError before ``smp.init()``, SpecError for bad ``dynamic_loss_args``.
    """

    # torch.amp.GradScaler would hand its scale to a fused optimizer; gradients are divided here.
    _step_supports_amp_scaling = False

    # torch.optim.Optimizer.__init__ is not called: what it makes is found in self.optimizer.
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
        self._working: Working | None = None
        self._to_load: Mapping[str, Any] | None = None
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

    def __getattr__(self, name: str) -> Any:
        if name == "optimizer":  # while being unpickled
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    def __repr__(self) -> str:
        return f"DistributedOptimizer({self.optimizer!r})"

    @property
    def loss_scale(self) -> float:
        """What the model's backward multiplies losses by."""
        return self.loss_scaler.scale

    @property
    def fp16_groups(self) -> list[list[torch.Tensor]]:
        """The model's parameters that this rank holds, group by group."""
        return [[entry.parameter for entry in group] for group in self._entries.groups()]

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

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of the model's parameters, before the first step.

        Raises SpecError afterwards with ``fp16`` or ``shard_optimizer_state``.
        """
        if self._working is not None and not self._plainly():
            raise SpecError(
                "add_param_group() after the first step: with fp16 or shard_optimizer_state all "
                "groups must be known before it",
                argument="param_group",
            )
        self.optimizer.add_param_group(param_group)
        self._entries.extend(names_in_model(script.model))
        self._working = None
        if script.partitioned:
            self._keep_local()

    @property
    def working(self) -> Working:
        """What the optimizer updates, made when it is first needed after the partition."""
        if script.model is not None and not script.partitioned:
            raise RuntimeStateError(
                "the optimizer was used before the model was partitioned: call a function under "
                "@smp.step first"
            )
        if self._working is None:
            self._working = working_for(self.optimizer, self._entries, self._world)
            for group, targets in zip(
                self.optimizer.param_groups, self._working.groups(), strict=True
            ):
                # In place: LBFGS keeps the list.
                group["params"][:] = targets
            self._load_now()
        return self._working

    def refresh(self) -> None:
        """Take over parameters that were loaded into the model: fp32 copies follow them."""
        if self._working is not None:
            self._working.refresh()

    def local_state_dict(self, gather_if_shard: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """What this rank has of the state, with ``"_smp_is_partial": True``."""
        return {**saved_state.local_state(self._parts()), **self._scaler_state()}

    def state_dict(self) -> dict[str, Any]:
        """The whole model's state, as an optimizer of one process would give it.

        Every rank of the model calls it. Raises SpecError with ``shard_optimizer_state``.
        """
        return {**saved_state.whole_state(self._parts()), **self._scaler_state()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state, this rank's part or the whole; before the partition, it waits for it.

        Settings of the groups, such as the learning rate, hold at once. Raises SpecError for a
        state of other groups.
        """
        self._entries.set_groups(state_dict["param_groups"])
        self._to_load = state_dict
        if self._working is not None:
            self._load_now()

    def _load_now(self) -> None:
        if self._to_load is None:
            return
        given, self._to_load = self._to_load, None
        saved_state.load(self._parts(), given)
        if _SCALER in given:
            self.loss_scaler.load_state_dict(given[_SCALER])

    def _scaler_state(self) -> dict[str, Any]:
        fp16 = self._world.parameters.fp16
        return {_SCALER: self.loss_scaler.state_dict()} if fp16 else {}

    def _parts(self) -> saved_state.OptimizerParts:
        return saved_state.OptimizerParts(
            optimizer=self.optimizer,
            entries=self._entries,
            working=self.working,
            world=self._world,
        )

    def _keep_local(self) -> None:
        if script.model is not None:
            self._entries.keep(dict(script.model.local_named_parameters()), self._known)
        self._entries.leave_local()

    def _plainly(self) -> bool:
        parameters = self._world.parameters
        return not (parameters.fp16 or parameters.shard_optimizer_state or parameters.sharded)
