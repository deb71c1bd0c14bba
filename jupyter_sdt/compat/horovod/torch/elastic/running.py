"""``hvd.elastic.run``: a training function that goes on from the last commit after a failure."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...common.exceptions import HorovodInternalError
from .state import State


def run(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function(state, ...)`` that starts from rank 0's state and survives failures.

    After a HorovodInternalError the last commit is restored and the function called again. A rank
    that is gone does not come back here: then the ranks cannot agree on a state, and the error
    ends the job, whose launcher may restart it. So does a second failure without a commit since
    the first.
    """

    @functools.wraps(function)
    def surviving(state: State, *arguments: Any, **named: Any) -> Any:
        failed_at = -1
        while True:
            state.sync()
            try:
                return function(state, *arguments, **named)
            except HorovodInternalError:
                if state.commits == failed_at:
                    raise
                failed_at = state.commits
                state.restore()
                state.on_reset()

    return surviving
