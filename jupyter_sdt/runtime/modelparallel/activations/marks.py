"""``smp.set_activation_checkpointing``: modules that always recompute what they do inside."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.activations.groups import (
    group_size,
    in_groups,
    in_turn,
    is_plain_sequential,
)
from jupyter_sdt.runtime.modelparallel.activations.recompute import recomputed
from jupyter_sdt.runtime.modelparallel.activations.stages import (
    fits_one_stage,
    is_here,
    owned_here,
)
from jupyter_sdt.runtime.modelparallel.pipeline.stubs import parts_of
from jupyter_sdt.runtime.modelparallel.script_state import state

_WHAT = "set_activation_checkpointing()"


def set_activation_checkpointing(
    module: nn.Module,
    preserve_rng_state: bool = True,
    pack_args_as_tuple: bool = False,
    strategy: str = "each",
) -> None:
    """Keep only the inputs of ``module`` for backward, which computes the rest anew.

    Of an nn.Sequential it is the inputs of ``each`` child, of groups of N children (``group_N``),
    or of all its children on one stage (``contiguous``); groups end where stages do. It holds from
    the partition on, and may be said before or after. ``strategy`` means nothing for other
    modules; tuples pass through with or without ``pack_args_as_tuple``.

    Said before, an automatic partition keeps the module, or the child, on one stage, as far as
    stages stay nearly even. One on several stages is left alone, with a warning. Raises
    DistributionError for one with ``auto_partition: False``, SpecError for another strategy and for
    what is no module.
    https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
    """
    size = group_size(strategy)
    if not isinstance(module, nn.Module):
        raise SpecError(f"{_WHAT}: {module!r} must be a torch.nn.Module", argument="module")
    sequential = isinstance(module, nn.Sequential) and is_plain_sequential(module)
    if not sequential and (strategy != "each" or pack_args_as_tuple):
        warnings.warn(
            f"{_WHAT}: strategy and pack_args_as_tuple mean nothing for a "
            f"{type(module).__name__}, which is no nn.Sequential",
            stacklevel=2,
        )
    parts = list(module.children()) if sequential else [module]
    state.undivided.update(parts)
    if sequential and size != 1:
        state.when_partitioned(
            partial(_group, cast("nn.Sequential", module), size, preserve=preserve_rng_state)
        )
    else:
        for each in parts:
            state.when_partitioned(partial(_recompute, each, preserve=preserve_rng_state))


def _recompute(module: nn.Module, *, preserve: bool) -> None:
    if fits_one_stage(module, _WHAT) and is_here(module):
        cast("Any", module).forward = _Recomputing(module.forward, preserve=preserve)


class _Recomputing:
    """In place of a module's ``forward``, so that its hooks run once."""

    def __init__(self, forward: Callable[..., Any], *, preserve: bool) -> None:
        # Said twice, it is done once.
        inner = forward._forward if isinstance(forward, _Recomputing) else forward
        self._forward: Callable[..., Any] = inner
        self._preserve = preserve

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return recomputed(self._forward, arguments, named, preserve_rng_state=self._preserve)


def _group(sequence: nn.Sequential, size: int | None, *, preserve: bool) -> None:
    """Group the neighbours that are here, in ``sequence`` and in what other stages call of it."""
    good = {child for child in sequence if fits_one_stage(child, _WHAT) and is_here(child)}
    runs, mine = _runs(sequence), owned_here(sequence)
    for found in [*([sequence] if mine else []), *runs]:
        groups = in_groups(parts_of(found), size, lambda part: part in good, preserve=preserve)
        cast("Any", found).forward = partial(in_turn, list(groups))
    for child in good:
        # The only one of its stage between others is called by itself, not by the sequence.
        if not mine and not any(child in run for run in runs):
            _recompute(child, preserve=preserve)


def _runs(sequence: nn.Sequential) -> list[nn.Sequential]:
    runs: list[nn.Sequential] = getattr(state.model, "runs_of", lambda _: [])(sequence)
    return runs
