"""torch.sagemaker.delayed_param: models initialised while FSDP wraps them."""

from __future__ import annotations

from jupyter_sdt.runtime.modelparallel.hybrid.delayed import DelayedParamIniter

__all__ = ["DelayedParamIniter"]
