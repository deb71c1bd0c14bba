"""smdistributed.modelparallel.test.torch.utils: keeping a model's parameters and comparing them.

The names appear in a published script and in no documentation; arguments beyond the first two are
accepted and have no effect.
"""

from __future__ import annotations

from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.checkpoints import files

__all__ = ["dump_model", "verify"]


def dump_model(model: Any, path: str = "model_dump.pt", *_more: Any, **_named: Any) -> None:
    """Write the whole model's state to ``path`` on rank 0; every rank calls it."""
    if world.current().group("rdp").rank == 0:
        state = model.state_dict()
        if world.current().rank == 0:
            files.save(state, path, partial=False)


def verify(model: Any, path: str = "model_dump.pt", *_more: Any, **_named: Any) -> None:
    """Compare the whole model's state with what :func:`dump_model` wrote; every rank calls it.

    Raises AssertionError naming the first tensor that differs by more than rounding.
    """
    if world.current().group("rdp").rank:
        return
    state = model.state_dict()
    if world.current().rank:
        return
    for name, expected in files.load(path, partial=False).items():
        same = torch.allclose(state[name], expected, rtol=1e-5, atol=1e-6)
        if not same:
            difference = (state[name] - expected).abs().max().item()
            raise AssertionError(f"{name} differs from {path!r} by up to {difference:g}")
