"""The part of a distributed optimizer that knows which parameters this rank holds."""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel.optimizer.entries import Entries, names_in_model
from jupyter_sdt.runtime.modelparallel.optimizer.working import Working
from jupyter_sdt.runtime.modelparallel.optimizer.workings import working_for
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.world import World


class HeldParameters(torch.optim.Optimizer):
    """``self.optimizer`` on the parameters that lie here, or on copies or shares of them."""

    optimizer: torch.optim.Optimizer
    _world: World
    _entries: Entries
    _known: Any
    _working: Working | None

    # torch.optim.Optimizer.__init__ is not called: what it makes is found in self.optimizer.
    def __getattr__(self, name: str) -> Any:
        if name == "optimizer":  # while being unpickled
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    @property
    def fp16_groups(self) -> list[list[torch.Tensor]]:
        """The model's parameters that this rank holds, group by group."""
        return [[entry.parameter for entry in group] for group in self._entries.groups()]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of the model's parameters, before the first step.

        Raises SpecError afterwards with 16-bit parameters or ``shard_optimizer_state``.
        """
        if self._working is not None and not self._plainly():
            raise SpecError(
                "add_param_group() after the first step: with fp16, bf16 or shard_optimizer_state "
                "all groups must be known before it",
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

    def _load_now(self) -> None:
        """Take over a state that waited for the partition."""

    def _keep_local(self) -> None:
        if script.model is not None:
            self._entries.keep(dict(script.model.local_named_parameters()), self._known)
        self._entries.leave_local()

    def _plainly(self) -> bool:
        parameters = self._world.parameters
        return not (parameters.half or parameters.shard_optimizer_state or parameters.sharded)
