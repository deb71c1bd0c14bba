"""Telling the user whose ranks each train a model of their own without noticing."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_sdt.runtime.process_environment import ProcessEnvironment

# Other ways to average gradients, which torch.distributed knows nothing of.
_OTHER_WAYS = ("horovod", "mpi4py", "smdistributed", "torch_xla")


def warn_of_independent_ranks(torch: Any, place: ProcessEnvironment) -> None:
    """Write one warning when several ranks step and none ever joined a process group."""
    if place.world_size == 1 or any(name in sys.modules for name in _OTHER_WAYS):
        return
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return
    sys.stderr.write(
        f"jupyter_sdt: warning: rank {place.rank} of {place.world_size} trains a model of its own: "
        "no process group was initialised before the first optimizer step. To train one model "
        "together, call jupyter_sdt.runtime.init() and wrap the model in "
        "jupyter_sdt.runtime.DistributedModel, or use torch.distributed.init_process_group() and "
        "DistributedDataParallel.\n"
    )
