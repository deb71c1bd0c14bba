"""apex.amp.scaler: a loss made larger, so that small gradients do not vanish in 16 bits."""

from __future__ import annotations

from collections.abc import Iterable

import torch


class LossScaler:
    """A constant factor, or with "dynamic" one that is halved after an overflow.

    A dynamic factor doubles after ``scale_window`` steps without an overflow; Micikevicius et al.,
    arXiv 1710.03740, section 3.2.
    """

    def __init__(
        self,
        loss_scale: float | str,
        init_scale: float = 2.0**16,
        scale_factor: float = 2.0,
        scale_window: int = 2000,
        min_loss_scale: float | None = None,
        max_loss_scale: float = 2.0**24,
    ) -> None:
        self.dynamic = loss_scale == "dynamic"
        self._loss_scale = min(max_loss_scale, init_scale) if self.dynamic else float(loss_scale)
        self._scale_factor, self._scale_seq_len = scale_factor, scale_window
        self._min_loss_scale, self._max_loss_scale = min_loss_scale, max_loss_scale
        self._unskipped = 0
        self._has_overflow = False
        self._overflow_buf = torch.zeros(1, dtype=torch.int32)

    def loss_scale(self) -> float:
        """The factor now."""
        return self._loss_scale

    def clear_overflow_state(self) -> None:
        """Forget what the last gradients were like."""
        self._has_overflow = False
        self._overflow_buf.zero_()

    @torch.no_grad()
    def unscale_(self, gradients: Iterable[torch.Tensor]) -> None:
        """Divide gradients by the factor, and notice those that are not finite."""
        for gradient in gradients:
            gradient.mul_(1 / self._loss_scale)
            if not torch.isfinite(gradient).all():
                self._has_overflow = True
                self._overflow_buf.fill_(1)

    def update_scale(self) -> bool:
        """Adapt the factor to the last gradients; True when their step must be skipped."""
        skip = bool(self._has_overflow or self._overflow_buf.item()) and self.dynamic
        if skip:
            lowest = self._min_loss_scale or 0.0
            self._loss_scale = max(self._loss_scale / self._scale_factor, lowest)
            self._unskipped = 0
        else:
            self._unskipped += 1
        if self.dynamic and self._unskipped == self._scale_seq_len:
            self._loss_scale = min(self._loss_scale * self._scale_factor, self._max_loss_scale)
            self._unskipped = 0
        return skip
