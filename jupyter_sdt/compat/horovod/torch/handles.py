"""Operations under way: numbers as handles, which ``poll`` and ``synchronize`` take."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.exceptions import HorovodInternalError
from .joining import waiting


@dataclass(frozen=True, slots=True)
class _Operation:
    works: Sequence[Any]
    finish: Callable[[], Any]


_numbers = itertools.count()
_under_way: dict[int, _Operation] = {}


def begin(works: Sequence[Any], finish: Callable[[], Any]) -> int:
    """Keep an operation whose result ``finish()`` makes when all ``works`` are done."""
    handle = next(_numbers)
    _under_way[handle] = _Operation(works, finish)
    return handle


def poll(handle: int) -> bool:
    """Whether :func:`synchronize` would return at once. Raises ValueError for a strange handle."""
    return all(work is None or work.is_completed() for work in _known(handle).works)


def synchronize(handle: int) -> Any:
    """Wait for an operation and return its result; the handle is of no use afterwards.

    Raises HorovodInternalError when the operation failed, ValueError for a strange handle.
    """
    operation = _known(handle)
    del _under_way[handle]
    for work in operation.works:
        wait(work)
    return operation.finish()


def started(collective: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Start a collective of torch and return its work. Raises HorovodInternalError."""
    try:
        return collective(*arguments, async_op=True, **named)
    except RuntimeError as error:
        raise HorovodInternalError(str(error)) from error


def wait(work: Any) -> None:
    """Wait for torch's ``work``. Raises HorovodInternalError when it failed."""
    try:
        if work is not None:
            with waiting():
                work.wait()
    except RuntimeError as error:
        raise HorovodInternalError(str(error)) from error


def _known(handle: int) -> _Operation:
    if handle not in _under_way:
        raise ValueError(f"handle {handle!r} belongs to no operation that is under way")
    return _under_way[handle]
