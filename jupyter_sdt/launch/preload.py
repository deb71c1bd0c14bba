"""What a nursery imports before it forks, and whether forking is safe afterwards."""

from __future__ import annotations

import gc
import importlib
import os
import threading
import traceback
from pathlib import Path

# What a training script imports sooner or later. dynamo comes with the first optimizer.
PRELOADED = (
    "torch",
    "torch.distributed",
    "torch.nn.parallel",
    "torch.optim",
    "torch.utils.data",
    "torch._dynamo",
    "numpy",
    "jupyter_sdt.runtime.run",
    "jupyter_sdt.runtime.autolog",
    "jupyter_sdt.runtime.context",
    "jupyter_sdt.runtime.distributed_model",
    "jupyter_sdt.runtime.metrics",
    "jupyter_sdt.runtime.sampler",
    "jupyter_sdt.runtime.virtual_cuda.installing",
)


def preload() -> bool:
    """Import what ranks will need, without computing anything; return whether forking is safe."""
    # Asking CUDA how many devices there are would start its runtime, which does not survive a fork.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    try:
        for name in PRELOADED:
            importlib.import_module(name)
        import torch  # noqa: PLC0415

        torch.set_num_threads(1)
    except Exception:  # noqa: BLE001 - without torch, jobs are started in another way
        traceback.print_exc()
        return False
    # Shared pages stay shared when the collector does not write its marks into them.
    gc.collect()
    gc.freeze()
    return _single_threaded()


def _single_threaded() -> bool:
    """Whether a fork would leave nothing behind but this thread.

    numpy's OpenBLAS starts a pool at import, but closes it before any fork; a first fork shows
    whether something remains that does not.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    try:
        kernel_threads = len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        kernel_threads = 1
    return threading.active_count() == 1 and kernel_threads == 1
