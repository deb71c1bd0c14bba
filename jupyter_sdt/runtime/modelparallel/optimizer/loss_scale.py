"""Loss scaling for 16-bit gradients: what a loss is multiplied by so that they do not vanish.

Micikevicius et al., Mixed Precision Training, arXiv 1710.03740, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean


@dataclass(slots=True, kw_only=True)
class StaticLossScale:
    """A scale that stays as it is."""

    scale: float = 1.0

    def update(self, overflow: bool) -> None:
        """Nothing changes: a step that overflows is left out, and that is all."""

    def state_dict(self) -> dict[str, Any]:
        """All there is to save."""
        return asdict(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave."""
        for entry in fields(self):
            setattr(self, entry.name, state[entry.name])


@dataclass(slots=True, kw_only=True)
class DynamicLossScale(StaticLossScale):
    """A scale that grows after ``scale_window`` good steps and shrinks on overflow.

    With ``delayed_shift`` n it shrinks at the n-th overflow only; good steps in between count as
    forgiveness at once with ``consecutive_hysteresis``, else when the scale grows.
    """

    scale: float = 2.0**32
    scale_factor: float = 2.0
    scale_window: int = 1000
    min_scale: float = 1.0
    delayed_shift: int = 1
    consecutive_hysteresis: bool = False
    good_steps: int = 0
    patience: int = 1

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> DynamicLossScale:
        """Read ``dynamic_loss_args``, whose first entry is called ``init_scale``.

        Raises SpecError for a name nobody knows.
        """
        known = {"init_scale", "scale_factor", "scale_window", "min_scale"}
        known |= {"delayed_shift", "consecutive_hysteresis"}
        for name in given:
            if name not in known:
                raise SpecError(
                    f"dynamic_loss_args: unknown name {name!r}{did_you_mean(name, known)}",
                    argument="dynamic_loss_args",
                )
        values = {("scale" if name == "init_scale" else name): given[name] for name in given}
        return cls(**values, patience=values.get("delayed_shift", 1))

    def update(self, overflow: bool) -> None:
        """Note how a step went."""
        if overflow:
            self._shrink()
            return
        self.good_steps += 1
        if self.consecutive_hysteresis:
            self.patience = self.delayed_shift
        if self.good_steps % self.scale_window == 0:
            self.patience = self.delayed_shift
            self.scale *= self.scale_factor

    def _shrink(self) -> None:
        self.good_steps = 0
        if self.patience > 1:
            self.patience -= 1
            return
        self.scale = max(self.scale / self.scale_factor, self.min_scale)
