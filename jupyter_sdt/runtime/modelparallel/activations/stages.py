"""On which stages a module of the script's model lies."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from torch import nn

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.placement import Placement
from jupyter_sdt.runtime.modelparallel.script_state import state


def placement() -> Placement | None:
    """Where modules lie; None before that is decided, and without a model."""
    found: Placement | None = getattr(state.model, "placement", None)
    return found


def stages_of(module: nn.Module) -> set[int]:
    """The stages of ``module`` and all below it; none where that is not known."""
    decided = placement()
    if decided is None:
        return set()
    inside = set(module.modules())
    named = decided.module.named_modules()
    return {decided.stage_of[name] for name, found in named if found in inside}


def is_here(module: nn.Module) -> bool:
    """Whether calls of ``module`` stay on this rank."""
    decided = placement()
    return decided is None or stages_of(module) <= {decided.stage}


def owned_here(module: nn.Module) -> bool:
    """Whether ``module`` itself is run by this rank, whatever it calls."""
    decided = placement()
    return decided is None or decided.is_local(module)


def fits_one_stage(module: nn.Module, what: str) -> bool:
    """Whether ``module`` lies on one stage, as checkpointing needs it.

    If not, that is a warning with automatic partitioning. Raises DistributionError with
    ``auto_partition: False``.
    """
    stages = sorted(stages_of(module))
    if len(stages) < 2:
        return True
    reason = f"{what}: {type(module).__name__} lies on stages {_listed(stages)}"
    if not state.cfg.auto_partition:
        raise DistributionError(
            f"{reason}; with auto_partition: False set_partition() must keep a checkpointed module "
            "on one stage",
            argument="module",
        )
    warnings.warn(f"{reason}; it is not checkpointed", stacklevel=3)
    return False


def _listed(numbers: Iterable[Any]) -> str:
    return ", ".join(str(number) for number in numbers)
