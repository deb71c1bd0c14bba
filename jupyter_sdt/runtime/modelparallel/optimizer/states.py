"""The part of a distributed optimizer that gives its state out and takes it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.runtime.modelparallel.optimizer import saved_state
from jupyter_sdt.runtime.modelparallel.optimizer.held import HeldParameters
from jupyter_sdt.runtime.modelparallel.optimizer.loss_scale import StaticLossScale

_SCALER = "loss_scaler"


class GivenStates(HeldParameters):
    """States of this rank or of the whole model; those taken in wait for the partition."""

    loss_scaler: StaticLossScale
    _to_load: Mapping[str, Any] | None

    def local_state_dict(self, gather_if_shard: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """What this rank has of the state, with ``"_smp_is_partial": True``."""
        return {**saved_state.local_state(self._parts()), **self._scaler_state()}

    def orig_state_dict(self) -> dict[str, Any]:
        """The shards of this rank: what scripts with sharded data parallelism save."""
        return self.local_state_dict()

    def state_dict(self) -> dict[str, Any]:
        """The whole model's state, as an optimizer of one process would give it.

        Every rank of the model calls it. Raises SpecError with ``shard_optimizer_state``.
        """
        return {**saved_state.whole_state(self._parts()), **self._scaler_state()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state, this rank's part or the whole; before the partition, it waits for it.

        Settings of the groups, such as the learning rate, and the loss scale hold at once. Raises
        SpecError for a state of other groups.
        """
        self._entries.set_groups(state_dict["param_groups"])
        if _SCALER in state_dict:  # the next backward needs it
            self.loss_scaler.load_state_dict(state_dict[_SCALER])
        self._to_load = state_dict
        if self._working is not None:
            self._load_now()

    def _load_now(self) -> None:
        if self._to_load is None:
            return
        given, self._to_load = self._to_load, None
        saved_state.load(self._parts(), given)

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
