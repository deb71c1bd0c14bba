"""What a training script may import. Standard library, and torch when a name needs it.

The names are loaded when they are first used (PEP 562), so that ``log_metrics`` in a script
without torch costs no import of torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_sdt.runtime.checkpoint import load_checkpoint, save_checkpoint
    from jupyter_sdt.runtime.context import init, shutdown
    from jupyter_sdt.runtime.data import channel
    from jupyter_sdt.runtime.distributed_model import DistributedModel
    from jupyter_sdt.runtime.metrics import log_metrics
    from jupyter_sdt.runtime.sampler import DistributedSampler

__all__ = [
    "DistributedModel",
    "DistributedSampler",
    "channel",
    "init",
    "load_checkpoint",
    "log_metrics",
    "save_checkpoint",
    "shutdown",
]

_HOME = {
    "DistributedModel": "distributed_model",
    "DistributedSampler": "sampler",
    "channel": "data",
    "init": "context",
    "load_checkpoint": "checkpoint",
    "log_metrics": "metrics",
    "save_checkpoint": "checkpoint",
    "shutdown": "context",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
