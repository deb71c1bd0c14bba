"""Checkpoints of Hugging Face's Trainer, where the ranks of one model would spoil each other's."""

from __future__ import annotations

import functools
import inspect
import sys
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.messages import barrier


def keep_random_states_apart(trainer: Any) -> None:
    """A file for each rank of a model: they would all write one, at the same time."""
    if hasattr(trainer, "_save_rng_state"):  # since transformers 4.36
        _save_apart(trainer)
    else:
        module: Any = sys.modules[trainer.__module__]
        module.torch = _SavingApart()
    load = trainer._load_rng_state

    @functools.wraps(load)
    def load_rng_state(self: Any, checkpoint: str | None) -> None:
        own = None if checkpoint is None else _own_folder(checkpoint)
        load(self, str(own) if own is not None and own.is_dir() else checkpoint)

    trainer._load_rng_state = load_rng_state


def _save_apart(trainer: Any) -> None:
    save = trainer._save_rng_state

    @functools.wraps(save)
    def save_rng_state(self: Any, output_dir: str) -> None:
        save(self, str(_own_folder(output_dir)))

    trainer._save_rng_state = save_rng_state


class _SavingApart:
    """torch as an older Trainer sees it, which saves random states amid other things."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    @staticmethod
    def save(value: Any, file: Any, *arguments: Any, **named: Any) -> None:
        """Put random states into this rank's own folder; save all else where it belongs."""
        path = Path(file) if isinstance(file, str) else None
        if path is not None and path.name.startswith("rng_state"):
            file = _own_folder(str(path.parent)) / path.name
            file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(value, file, *arguments, **named)


def _own_folder(checkpoint: str) -> Path:
    """Where this rank keeps its random state; the first of a model, where the Trainer does."""
    group = world.current().group("mp")
    return Path(checkpoint, f"rank_{group.rank}") if group.rank else Path(checkpoint)


def save_in_turn(trainer: Any) -> None:
    """Let transformers 4.36.1 to 4.38 save: they ask a state that such a job's arguments lack."""
    save = trainer._save_checkpoint
    if "distributed_state.wait_for_everyone" not in inspect.getsource(save):
        return

    @functools.wraps(save)
    def save_checkpoint(self: Any, *arguments: Any, **named: Any) -> None:
        turns = _Turns(self.args)
        self.args.distributed_state = turns
        try:
            save(self, *arguments, **named)
        finally:
            self.args.distributed_state = None
        turns.end()

    trainer._save_checkpoint = save_checkpoint


class _Turns:
    """accelerate's state as saving needs it: all ranks have written before the first goes on.

    It moves the folder to its place while the others wait, so that it is moved once.
    """

    def __init__(self, arguments: Any) -> None:
        self.num_processes = arguments.world_size
        self.process_index = arguments.process_index
        self.local_process_index = arguments.local_process_index
        self._first = world.current().rank == 0
        self._waited = False

    def wait_for_everyone(self) -> None:
        """Wait for all ranks, and unless this is the first one until that has moved the folder."""
        if self._waited:
            return
        self._waited = True
        self.num_processes = 1  # who comes first is settled here
        barrier()
        if not self._first:
            barrier()

    def end(self) -> None:
        """Let the others go on."""
        if self._first and self._waited:
            barrier()
