"""torch.sagemaker.utils.module_utils: moving parts of models between devices."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.module_moves import (
    empty_module_params,
    move_buffers_to_device,
)

__all__ = ["empty_module_params", "move_buffers_to_device"]
