"""Where on a job's curves all ranks were started anew."""

from __future__ import annotations

import math
from bisect import bisect_left

from jupyter_sdt.store.series import SeriesTable, loss_name

# What rank 0 records as the first thing after it was started anew.
RESTARTS = "restarts"


def restart_steps(table: SeriesTable) -> list[float]:
    """The first step after each restart, for those after which there was one.

    It may be smaller than the last one before: training went on from a checkpoint.
    """
    restarts = table.by_rank(RESTARTS).get(0)
    names = [name for name in table.names() if name != RESTARTS]
    curve = table.by_rank(loss_name(names) or next(iter(names), "")).get(0)
    if restarts is None or curve is None:
        return []
    places = [bisect_left(curve.times, time) for time in restarts.times]
    steps = [curve.steps[place] for place in places if place < len(curve)]
    return [step for step in steps if math.isfinite(step)]
