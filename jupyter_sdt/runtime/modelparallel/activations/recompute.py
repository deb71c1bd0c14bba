"""Running a part of a model again in backward, so that only its arguments are kept.

Chen et al., arXiv 1604.06174; torch.utils.checkpoint does the work.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import torch
from torch.utils import checkpoint as torch_checkpoint
from torch.utils._pytree import tree_flatten, tree_unflatten

from jupyter_sdt.runtime.modelparallel.activations.offloading import Kept, offloader
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import resolved
from jupyter_sdt.runtime.modelparallel.pipeline.repeatable import notice

# Said to the stage that is called: it recomputes what it does, and whether with the same random
# numbers. None: nothing is to be recomputed.
asked: ContextVar[bool | None] = ContextVar("asked", default=None)
# Whether what is computed now is kept by nobody, or not for long.
recomputing: ContextVar[bool] = ContextVar("recomputing", default=False)
# Who counts what is kept: called with arguments, whose results are held as long as they are.
counting: list[Callable[[torch.Tensor], object]] = []


def recomputed(
    call: Callable[..., Any], arguments: Any, named: Any, *, preserve_rng_state: bool = True
) -> Any:
    """Return ``call(*arguments, **named)``; what it computes inside is computed anew in backward.

    With ``preserve_rng_state`` dropout finds the same random numbers again. Where the job offloads
    activations, floating-point arguments wait for backward in the memory of the CPU.
    """
    offloader().used = True
    if not torch.is_grad_enabled():
        return call(*arguments, **named)
    notice()
    found, form = tree_flatten((tuple(arguments), dict(named)))
    # Nothing may be waited for inside: others would draw random numbers meanwhile.
    leaves = [resolved(leaf) for leaf in found]
    kept = [offloader().keep(leaf) if _moves(leaf) else leaf for leaf in leaves]

    noted = [keep(leaf) for keep in counting for leaf in kept if isinstance(leaf, torch.Tensor)]

    def run(_: torch.Tensor, _noted: object = noted) -> Any:
        found = [leaf.value() if isinstance(leaf, Kept) else leaf for leaf in kept]
        positional, keywords = tree_unflatten(found, form)
        before = recomputing.set(True)
        try:
            return call(*positional, **keywords)
        finally:
            recomputing.reset(before)

    # The marker tells torch on which device random numbers are drawn.
    result = torch_checkpoint.checkpoint(
        run, _marker(leaves), use_reentrant=False, preserve_rng_state=preserve_rng_state
    )
    for leaf in kept:
        if isinstance(leaf, Kept):
            leaf.offload()
    return result


def _moves(leaf: object) -> bool:
    if not isinstance(leaf, torch.Tensor) or isinstance(leaf, torch.nn.Parameter):
        return False
    return offloader().on and leaf.is_floating_point() and offloader().can_move(leaf)


def _marker(leaves: list[Any]) -> torch.Tensor:
    devices = [leaf.device for leaf in leaves if isinstance(leaf, torch.Tensor)]
    return torch.empty(0, device=next((d for d in devices if d.type != "cpu"), "cpu"))
