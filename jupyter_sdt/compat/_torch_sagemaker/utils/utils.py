"""torch.sagemaker.utils.utils: measuring how long things take."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from ..logger import get_logger

__all__ = ["timeit"]


def timeit(label: Any = None, *_: Any, **__: Any) -> Any:
    """Log how long a block or a function takes, as a context manager or a decorator.

    Times are in seconds of wall time.
    """
    return _named(label, label.__name__) if callable(label) else _Timed(str(label or "took"))


class _Timed:
    def __init__(self, label: str) -> None:
        self._label = label
        self._begun = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        get_logger().info("%s: %.3f s", self._label, time.perf_counter() - self._begun)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return _named(function, self._label)


def _named(function: Callable[..., Any], label: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        with _Timed(label):
            return function(*arguments, **named)

    return timed
