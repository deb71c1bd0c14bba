"""Which steps are recorded: every rank answers alike without asking the others."""

from __future__ import annotations

import math

# So much longer, because a rank in a hurry must not arrive at a shared step before it may record.
_MARGIN = 1.5


def on_grid(step: int, steps_since: int, seconds_since: float, interval: float) -> bool:
    """Whether ``step`` is to be recorded, ``steps_since`` and ``seconds_since`` the last record.

    At most one record per ``interval`` seconds. Records lie on the multiples of a power of two, the
    smallest number of steps that takes longer than that. Ranks never measure quite the same times,
    but multiples of the larger power are multiples of the smaller, too: the curves of all ranks
    share their steps, and can be added up.
    """
    if seconds_since < interval:
        return False
    steps = max(1, math.ceil(_MARGIN * interval * steps_since / seconds_since))
    return step % (1 << (steps - 1).bit_length()) == 0
