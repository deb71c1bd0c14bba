"""torch.sagemaker.distributed.fsdp.checkpoint: undocumented; nothing of it is here."""

from __future__ import annotations

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"torch.sagemaker.distributed.fsdp.checkpoint.{name} is not documented and not here; use "
        "torch.sagemaker.distributed.checkpoint"
    )
