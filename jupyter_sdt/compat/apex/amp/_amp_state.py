"""apex.amp._amp_state: what amp.initialize() decided; scripts read its ``loss_scalers``."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_sdt.runtime.process_environment import process_environment


class AmpState:
    """The state of amp in this process."""

    def __init__(self) -> None:
        self.verbosity = 1
        self.hard_override = False
        self.loss_scalers: list[Any] = []
        self.opt_properties: Any = None
        self.allow_incoming_model_not_fp32 = False


_amp_state = AmpState()


def maybe_print(msg: str, rank0: bool = False) -> None:
    """Print unless ``verbosity`` is 0; with ``rank0`` only on the first rank."""
    first = not rank0 or process_environment().rank == 0
    if _amp_state.verbosity > 0 and first:
        sys.stdout.write(f"{msg}\n")


def warn_or_err(msg: str) -> None:
    """Raise RuntimeError unless amp was told to go on."""
    if not _amp_state.hard_override:
        raise RuntimeError(msg)
    sys.stdout.write(f"Warning: {msg}\n")


def master_params(optimizer: Any) -> Any:
    """The parameters that the optimizer steps: in 32 bits where amp keeps such copies."""
    for group in optimizer.param_groups:
        yield from group["params"]
