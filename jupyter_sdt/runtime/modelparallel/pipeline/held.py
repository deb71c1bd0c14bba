"""What a stage holds of one microbatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel.pipeline.messages import Key

Tensors = dict[Key, torch.Tensor | None]


@dataclass(slots=True)
class Held:
    """What a stage holds of one microbatch: tensors by key, and frames that await backward."""

    values: Tensors = field(default_factory=dict)
    frames: dict[int, Any] = field(default_factory=dict)
    served: set[int] = field(default_factory=set)
    surprises: list[int] = field(default_factory=list)
    spoilt: set[int | None] = field(default_factory=set)  # attempts

    def store(
        self, keys: Sequence[Key], tensors: Sequence[torch.Tensor], absent: Sequence[Key] = ()
    ) -> None:
        """Keep tensors for whoever needs them; ``absent`` are gradients that do not exist."""
        self.values.update(zip(keys, tensors, strict=True))
        self.values.update(dict.fromkeys(absent))
