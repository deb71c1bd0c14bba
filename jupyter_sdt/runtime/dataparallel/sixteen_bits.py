"""torch's hooks that compress gradients to bfloat16, which torch's DDP refuses without NCCL."""

from __future__ import annotations

import functools
from typing import Any

from torch.nn.parallel import DistributedDataParallel

# https://docs.pytorch.org/docs/stable/ddp_comm_hooks.html
_HOOKS = {"bf16_compress_hook", "bf16_compress_wrapper_hook"}


def allow_bfloat16() -> None:
    """Let DDP take these hooks where it communicates through smddp, which sums bfloat16 anywhere.

    Once for a process; without effect on other backends, and on a torch that asks in another way.
    """
    refuse = getattr(DistributedDataParallel, "_check_comm_hook", None)
    if refuse is None or hasattr(refuse, "__wrapped__"):
        return

    @functools.wraps(refuse)
    def check(model: Any, hook: Any) -> None:
        ours = hasattr(model.process_group, "node") and model.device_type == "cpu"
        if not (ours and getattr(hook, "__name__", "") in _HOOKS):
            refuse(model, hook)

    DistributedDataParallel._check_comm_hook = check  # type: ignore[method-assign]
