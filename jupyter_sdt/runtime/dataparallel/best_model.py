"""Hugging Face's Trainer loads its best model when that is written: rank 0 may still be at it.

It waits where its processes are those of torch.distributed or of ``smp``, and forgets ``smddp``.
"""

from __future__ import annotations

import functools
from typing import Any

from torch import distributed

from jupyter_sdt.runtime.late_import import when_imported


def await_best_model() -> None:
    """Let all ranks of a Trainer meet before they load."""
    when_imported("transformers.trainer", _wait)


def _wait(module: Any) -> None:
    load = module.Trainer._load_best_model

    @functools.wraps(load)
    def load_best_model(self: Any) -> None:
        if distributed.is_initialized() and distributed.get_backend() == "smddp":
            distributed.barrier()
        load(self)

    module.Trainer._load_best_model = load_best_model
