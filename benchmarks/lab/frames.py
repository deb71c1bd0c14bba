"""What the main thread of the page does for each frame, from Chromium's own trace."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any

CATEGORIES = ["devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline"]
_FRAME = "BeginMainThreadFrame"


def frame_costs(trace: bytes) -> tuple[list[float], list[float]]:
    """Return milliseconds of main thread for each frame: by the clock, and of processor.

    All tasks between two frames count for the second: reading the socket, React, drawing. The
    processor's share does not know of other programs that run beside.
    """
    events = json.loads(trace)["traceEvents"]
    thread = _main_thread(events)
    ours = [event for event in events if (event.get("pid"), event.get("tid")) == thread]
    frames = sorted(event["ts"] for event in ours if event["name"] == _FRAME)
    costs = [[0.0, 0.0] for _ in range(len(frames) + 1)]
    for event in ours:
        if event["name"] in ("RunTask", "ThreadControllerImpl::RunTask") and "dur" in event:
            cost = costs[bisect_right(frames, event["ts"])]
            cost[0] += event["dur"] / 1000
            cost[1] += event.get("tdur", 0) / 1000
    whole = costs[1:-1]
    return [cost[0] for cost in whole], [cost[1] for cost in whole]


def _main_thread(events: list[dict[str, Any]]) -> tuple[int, int]:
    """The page's: of all renderers' main threads the one with the most frames."""
    counts: dict[tuple[int, int], int] = {}
    for event in events:
        if event["name"] == _FRAME:
            key = event["pid"], event["tid"]
            counts[key] = counts.get(key, 0) + 1
    return max(counts, key=counts.__getitem__)
