"""What a nursery imports before it forks, and whether forking is safe afterwards."""

from __future__ import annotations

import gc
import importlib
import os
import threading
import traceback
from pathlib import Path

from jupyter_sdt.launch.remote.service import Service

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
# Clients need some credentials to be made; what counts is what botocore has read then.
_NOBODY = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}


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


def preload_remote() -> bool:
    """Import boto3, and read what it knows of the services that every job on SageMaker needs.

    No call is made. Returns False: such supervisors fork no ranks.
    """
    # Profiles and folders of whoever came first are not those of the next job.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        session = Service("us-east-1").session
        for name in ("s3", "sagemaker", "logs"):
            session.client(name, **_NOBODY)
    except Exception:  # noqa: BLE001 - each job will say what is wrong
        traceback.print_exc()
    gc.collect()
    gc.freeze()
    return False


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
