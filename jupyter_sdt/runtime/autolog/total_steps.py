"""How many optimizer steps a run will take, where its hyperparameters say so for certain."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

_STEPS = ("max_steps", "total_steps", "num_train_steps", "train_steps", "max_iters")
_EPOCHS = ("epochs", "num_epochs", "n_epochs", "max_epochs", "num_train_epochs")


def total_steps(steps_per_epoch: int | None) -> int | None:
    """``max_steps`` or the like, else epochs x ``steps_per_epoch``, else None."""
    given = {**_from_environment(), **_from_arguments(sys.argv[1:])}
    steps = _first_count(given, _STEPS)
    if steps is not None or steps_per_epoch is None:
        return steps
    epochs = _first_count(given, _EPOCHS)
    return None if epochs is None else epochs * steps_per_epoch


def _first_count(given: dict[str, Any], names: Sequence[str]) -> int | None:
    for name in names:
        try:
            count = int(given[name])
        except (KeyError, TypeError, ValueError):
            continue
        if count > 0:
            return count
    return None


def _from_environment() -> dict[str, Any]:
    try:
        given = json.loads(os.environ.get("SM_HPS", "{}"))
    except ValueError:
        return {}
    return {_plain(name): value for name, value in given.items()} if isinstance(given, dict) else {}


def _from_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    """``--max-steps 10`` and ``--max-steps=10``; the last one counts, as with argparse."""
    found: dict[str, Any] = {}
    for word, following in pairwise([*arguments, ""]):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[_plain(name)] = value if equals else following
    return found


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()
