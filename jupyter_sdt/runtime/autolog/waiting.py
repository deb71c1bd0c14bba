"""How long a rank waits for the others: DistributedDataParallel measures itself.

Ranks that train one model together end each step together: only without the waiting is a slow one
told from the others. torch's reducer notes when it began to exchange gradients, when it was done,
and how much of that lay beside the rank's own backward pass
(https://github.com/pytorch/pytorch/blob/main/torch/csrc/distributed/c10d/logger.hpp).
"""

from __future__ import annotations

import functools
import weakref
from types import ModuleType
from typing import Any

_SECONDS_PER_NANOSECOND = 1e-9
# Of quicker steps every tenth is measured, which costs some microseconds.
_QUICK_SECONDS = 0.01
_SELDOM = 10


class Waiting:
    """Asks the DDP models of this process."""

    def __init__(self) -> None:
        self._models: weakref.WeakSet[Any] = weakref.WeakSet()
        self._every: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def watch(self, module: ModuleType) -> None:
        """Note every DistributedDataParallel that ``torch.nn.parallel.distributed`` makes."""
        make = module.DistributedDataParallel.__init__

        @functools.wraps(make)
        def watched(model: Any, *arguments: Any, **named: Any) -> None:
            make(model, *arguments, **named)
            self._models.add(model)

        module.DistributedDataParallel.__init__ = watched

    def seconds(self, step_seconds: float) -> float | None:
        """Seconds that the last measured step waited, of some ``step_seconds``; None if unknown."""
        try:
            waits = [self._ask(model, step_seconds) for model in self._models]
        except Exception:  # noqa: BLE001 - a torch that tells it otherwise, or no more
            self._models.clear()
            return None
        known = [wait for wait in waits if wait is not None]
        return sum(known) if known else None

    def _ask(self, model: Any, step_seconds: float) -> float | None:
        wait = _wait(model._get_ddp_logging_data())
        self._measure(model, step_seconds)
        return wait

    def _measure(self, model: Any, step_seconds: float) -> None:
        """On a GPU torch's own hundredth step will do: measuring one waits for the device."""
        if model.device_type != "cpu":
            return
        every = _SELDOM if step_seconds < _QUICK_SECONDS else 1
        if self._every.get(model) != every:
            self._every[model] = every
            model._set_ddp_runtime_logging_sample_rate(every)


def _wait(told: dict[str, Any]) -> float | None:
    exchange, beside = (told.get(f"backward_{name}_time", 0) for name in _TIMES)
    if not exchange or exchange < beside:
        return None
    return float(exchange - beside) * _SECONDS_PER_NANOSECOND


_TIMES = ("comm", "compute_comm_overlap")
