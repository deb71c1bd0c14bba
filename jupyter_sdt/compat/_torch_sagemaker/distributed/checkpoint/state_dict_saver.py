"""torch.sagemaker.distributed.checkpoint.state_dict_saver: checkpoints, also in the background."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.saving import (
    async_save,
    maybe_finalize_async_calls,
    save,
)

__all__ = ["async_save", "maybe_finalize_async_calls", "save"]
