"""A partition on disk: ``partition_file``, written once and loaded by later jobs."""

from __future__ import annotations

import json
from pathlib import Path

from torch import nn

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.runtime.modelparallel.partition.assignment import Assignment


def load_assignment(path: str, module: nn.Module, stages: int) -> Assignment:
    """Read the partition of ``module`` from a file that :func:`save_assignment` wrote.

    partition.json of a job directory has the same form. Raises SpecError when the file cannot be
    read, and for the partition of another model or of another number of stages.
    """
    found = _read(path, stages)
    _check_model(found, path, module)
    return found


def check_partition_file(path: str, stages: int) -> None:
    """Raise SpecError, before a job begins, if ``path`` cannot be loaded for so many ``stages``.

    Whether it is of another model shows when there is one, in :func:`load_assignment`.
    """
    _read(path, stages)


def save_assignment(assignment: Assignment, path: str) -> None:
    """Write ``assignment`` to ``path``; a folder that is missing is made.

    Raises SpecError when that is not possible.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(assignment.to_json()))
    except OSError as error:
        raise SpecError(
            f"partition_file={path!r} cannot be written: {error}", argument="partition_file"
        ) from None


def _read(path: str, stages: int) -> Assignment:
    if not path:
        raise SpecError(
            "'load_partition': True needs 'partition_file', the path of a partition",
            argument="partition_file",
        )
    try:
        found = Assignment.from_json(json.loads(Path(path).read_text()))
    except FileNotFoundError:
        raise SpecError(
            f"partition_file={path!r} does not exist (seen from {str(Path.cwd())!r}), and "
            "'load_partition': True reads it; name a file that a job has written which had "
            "'partition_file' alone, or leave load_partition out",
            argument="partition_file",
        ) from None
    except (OSError, ValueError) as error:
        raise SpecError(
            f"partition_file={path!r} cannot be read: {error}", argument="partition_file"
        ) from None
    if found.stages != stages:
        raise SpecError(
            f"partition_file={path!r} holds {found.stages} stages, but partitions={stages}; give "
            f"partitions={found.stages}, or another file",
            argument="partition_file",
        )
    return found


def _check_model(found: Assignment, path: str, module: nn.Module) -> None:
    names = [name for name, _ in module.named_modules(remove_duplicate=False)]
    strange = [name for name in names if name not in found.stage_of]
    if strange or len(found.modules) != len(names):
        other = next((name for name in found.stage_of if name not in set(names)), "")
        name = (strange or [other])[0]
        raise SpecError(
            f"partition_file={path!r} is of another model: {len(found.modules)} modules, this one "
            f"has {len(names)}; {name!r} is in one of them only"
            f"{did_you_mean(name, found.stage_of)}",
            argument="partition_file",
        )
