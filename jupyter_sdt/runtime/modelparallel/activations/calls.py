"""``patches.checkpoint``: recomputing a module where the script calls it."""

from __future__ import annotations

from typing import Any

from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.activations.groups import group_size, in_groups, in_turn
from jupyter_sdt.runtime.modelparallel.activations.recompute import asked, recomputed
from jupyter_sdt.runtime.modelparallel.activations.stages import fits_one_stage, is_here, placement
from jupyter_sdt.runtime.modelparallel.script_state import state


def checkpoint(
    module: nn.Module, *args: Any, preserve_rng_state: bool = True, **kwargs: Any
) -> Any:
    """Call ``module``; what it computes inside is computed anew in backward, on its own stage.

    With automatic partitioning a module on several stages is called as usual, with a warning.
    Raises DistributionError for one with ``auto_partition: False``, SpecError for what is no
    module.
    https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
    """
    if not isinstance(module, nn.Module):
        raise SpecError(
            f"checkpoint(module={module!r}): must be a torch.nn.Module", argument="module"
        )
    if placement() is None:  # while costs are measured, before stages are decided on
        state.undivided.add(module)
    if not fits_one_stage(module, "checkpoint()"):
        return module(*args, **kwargs)
    if is_here(module):
        return recomputed(module, args, kwargs, preserve_rng_state=preserve_rng_state)
    told = asked.set(preserve_rng_state)
    try:
        return module(*args, **kwargs)
    finally:
        asked.reset(told)


def checkpoint_sequential(
    sequential_module: nn.Sequential,
    input: Any,  # noqa: A002 - SageMaker's name
    strategy: str = "each",
    preserve_rng_state: bool = True,
    pack_args_as_tuple: bool = False,
) -> Any:
    """Run the children in turn, groups of them recomputed: ``each``, ``contiguous``, ``group_N``.

    Groups end where stages do; of another stage each child is a group. Tuples pass through from
    child to child with or without ``pack_args_as_tuple``. Raises SpecError for another strategy or
    module, DistributionError as :func:`checkpoint` does.
    """
    del pack_args_as_tuple
    size = group_size(strategy)
    if not isinstance(sequential_module, nn.Sequential):
        raise SpecError(
            f"checkpoint_sequential({type(sequential_module).__name__}): must be an nn.Sequential; "
            "for another module use checkpoint(module, ...)",
            argument="sequential_module",
        )

    def elsewhere(child: Any) -> Any:
        return lambda value: checkpoint(child, value, preserve_rng_state=preserve_rng_state)

    # Before the partition, while costs are measured, every module counts for itself.
    children = list(sequential_module)
    if placement() is None:
        state.undivided.update(children)
        return in_turn(children, input)
    local: dict[Any, bool] = {child: is_here(child) for child in children}
    parts = [child if local[child] else elsewhere(child) for child in children]
    groups = in_groups(
        parts, size, lambda part: local.get(part, False), preserve=preserve_rng_state
    )
    return in_turn(groups, input)
