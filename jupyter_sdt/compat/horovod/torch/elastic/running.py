"""``hvd.elastic.run``: a training function that goes on from the last commit after a failure."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...common.exceptions import HorovodInternalError
from .commits import forget_commit, take_up_commit
from .state import State


def run(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``function(state, ...)`` that starts from rank 0's state and survives failures.

    After a HorovodInternalError the last commit is restored and the function called again. Where a
    rank is gone the others cannot agree on a state, and the error ends them; in a job that may be
    restarted, all ranks then begin anew with the last commit. A second failure without a commit
    since the first ends them, too.
    """

    @functools.wraps(function)
    def surviving(state: State, *arguments: Any, **named: Any) -> Any:
        failed_at = -1
        take_up_commit(state)
        while True:
            state.sync()
            try:
                result = function(state, *arguments, **named)
            except HorovodInternalError:
                if state.commits == failed_at:
                    raise
                failed_at = state.commits
                state.restore()
                state.on_reset()
            else:
                forget_commit()
                return result

    return surviving
