"""torch.sagemaker.checkpoint.utils: undocumented; nothing of it is here."""

from __future__ import annotations

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"torch.sagemaker.checkpoint.utils.{name} is not documented and not here; use "
        "torch.sagemaker.distributed.checkpoint"
    )
