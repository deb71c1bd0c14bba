"""Checkpoints: written by rank 0 in one step, read back safely."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.process_environment import process_environment
from jupyter_sdt.spec.variables import JOB_DIRECTORY

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def save_checkpoint(
    state: Mapping[str, Any],
    name: str = "checkpoint",
    *,
    step: int | None = None,
    keep_last: int | None = None,
) -> Path:
    """Write ``state`` as ``NAME.pt``, or ``NAME-STEP.pt``, and return its path.

    Values that have a ``state_dict()`` (models, optimizers, schedulers) are saved as that; others
    must be tensors, numbers, text, lists and dicts of them. Only rank 0 writes; on other ranks the
    call returns at once, unless the model is divided into stages: then all ranks must call it, with
    its optimizer from ``model.with_optimizer()``. A reader sees the old file or the new one, never
    half of it. With ``keep_last`` only so many steps of this name stay.

    Raises SpecError for a bad ``name``, ``step``, ``keep_last`` or a value that
    :func:`load_checkpoint` would refuse; OSError when the disk is full, the old file intact.
    """
    path = _path(name, step)
    if keep_last is not None and (keep_last < 1 or step is None):
        raise SpecError(
            f"keep_last={keep_last} with step={step}: must be at least 1, and needs a step",
            argument="keep_last",
        )
    writes = process_environment().rank == 0
    # A state that is spread over ranks is put together by all of them.
    states = {k: _state_of(value) for k, value in state.items() if writes or _is_spread(value)}
    if writes:
        _write(path, states)
        if keep_last is not None:
            for old in _steps(name)[:-keep_last]:
                _path(name, old).unlink(missing_ok=True)
    return path


def load_checkpoint(
    into: Mapping[str, Any] | None = None,
    name: str = "checkpoint",
    *,
    step: int | None = None,
) -> dict[str, Any] | None:
    """Read a checkpoint of this node: that of ``step``, else the latest; None when there is none.

    What is given in ``into`` (``{"model": model}``) gets its part through ``load_state_dict()``.
    Tensors come to the CPU; ``load_state_dict()`` moves them. Nothing in the file is executed
    (``torch.load(weights_only=True)``).

    Raises RuntimeStateError when ``into`` names something the file lacks, or the file is broken.
    """
    path = _latest(name) if step is None else _path(name, step)
    if path is None or not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise RuntimeStateError(f"checkpoint {path} cannot be read: {error}") from error
    for key, target in (into or {}).items():
        if key not in state:
            raise RuntimeStateError(f"checkpoint {path} has no {key!r}; it holds {sorted(state)}")
        target.load_state_dict(state[key])
    return state


def checkpoint_folder() -> Path:
    """Where SageMaker keeps checkpoints: its configured path, the job's, or /opt/ml/checkpoints."""
    configuration = os.environ.get("SM_INPUT_CONFIG_DIR")
    if configuration:
        with contextlib.suppress(OSError, ValueError, KeyError):
            text = (Path(configuration) / "checkpointconfig.json").read_bytes()
            return Path(json.loads(text)["LocalPath"])
    directory = os.environ.get(JOB_DIRECTORY)
    if directory:
        return Path(directory) / "nodes" / process_environment().node / "checkpoints"
    system = Path("/opt/ml")
    return system / "checkpoints" if system.is_dir() else Path("checkpoints")


def _path(name: str, step: int | None) -> Path:
    if not _NAME.fullmatch(name):
        raise SpecError(f"name={name!r} must be letters, digits, '_', '.', '-'", argument="name")
    if step is not None and step < 0:
        raise SpecError(f"step={step} must not be negative", argument="step")
    return checkpoint_folder() / (f"{name}.pt" if step is None else f"{name}-{step:08d}.pt")


def _steps(name: str) -> list[int]:
    pattern = re.compile(re.escape(name) + r"-(\d{8,})\.pt")
    files = checkpoint_folder().glob(f"{name}-*.pt")
    return sorted(int(m[1]) for path in files if (m := pattern.fullmatch(path.name)))


def _latest(name: str) -> Path | None:
    steps = _steps(name)
    candidates = [_path(name, None), *([_path(name, steps[-1])] if steps else [])]
    there = [path for path in candidates if path.exists()]
    return max(there, key=lambda path: path.stat().st_mtime_ns, default=None)


def _state_of(value: Any) -> Any:
    return value.state_dict() if hasattr(value, "state_dict") else value


def _is_spread(value: Any) -> bool:
    return bool(getattr(value, "is_spread", False)) or hasattr(value, "local_state_dict")


def _write(path: Path, state: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            _save(state, file)
            file.flush()
            os.fsync(file.fileno())
        # Refused now rather than on resuming. Tensor data is mapped, not read.
        _checked(state, torch.load, temporary, map_location="meta", weights_only=True, mmap=True)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _save(state: dict[str, Any], file: BinaryIO) -> None:
    """torch.save, whose archive writer hides a full disk in a RuntimeError of its own."""
    try:
        _checked(state, torch.save, state, file)
    except SpecError as error:
        reason: BaseException | None = error.__cause__
        while reason is not None and not isinstance(reason, OSError):
            reason = reason.__context__
        raise reason or error from None


def _checked(state: dict[str, Any], action: Callable[..., Any], *given: Any, **named: Any) -> None:
    try:
        action(*given, **named)
    except OSError:
        raise
    except Exception as error:
        kinds = {key: type(value).__name__ for key, value in state.items()}
        raise SpecError(
            f"state holds what a checkpoint may not ({kinds}); keep tensors, numbers, text, lists "
            f"and dicts: {str(error).splitlines()[0]}",
            argument="state",
        ) from error
