"""Which children of an nn.Sequential are recomputed together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.activations.recompute import recomputed

Call = Callable[[Any], Any]


def group_size(strategy: str) -> int | None:
    """How many children go together: ``each`` 1, ``group_N`` N, ``contiguous`` all (None).

    Raises SpecError for anything else.
    """
    if strategy in {"each", "contiguous"}:
        return 1 if strategy == "each" else None
    number = re.fullmatch(r"group_([1-9]\d*)", str(strategy))
    if number is None:
        raise SpecError(
            f"strategy={strategy!r} must be 'each', 'contiguous' or 'group_N' with N from 1 on, "
            "such as 'group_2'",
            argument="strategy",
        )
    return int(number[1])


def in_groups(
    parts: Iterable[Call], size: int | None, is_here: Callable[[Call], bool], *, preserve: bool
) -> Iterator[Call]:
    """``parts``, the neighbours that are here in groups of ``size`` that are recomputed."""
    for here, run in groupby(parts, is_here):
        members = list(run)
        if not here:
            yield from members
            continue
        length = size or len(members)
        for start in range(0, len(members), length):
            yield Group(members[start : start + length], preserve=preserve)


class Group:
    """Some neighbours of an nn.Sequential, recomputed together in backward."""

    def __init__(self, members: list[Call], *, preserve: bool) -> None:
        self._run, self._preserve = partial(in_turn, members), preserve

    def __call__(self, value: Any) -> Any:
        """Run them in turn."""
        return recomputed(self._run, (value,), {}, preserve_rng_state=self._preserve)


def in_turn(parts: Iterable[Call], value: Any) -> Any:
    """What an nn.Sequential of ``parts`` returns."""
    for part in parts:
        value = part(value)
    return value


def is_plain_sequential(module: nn.Module) -> bool:
    """Whether ``module`` does what nn.Sequential does."""
    return type(module).forward is nn.Sequential.forward
