"""What the main thread of the page does for each frame, from Chromium's own trace."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from typing import Any

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
# A callback of requestAnimationFrame: the charts draw there, once per frame.
_DRAWING = "FireAnimationFrame"
# Chromium tells each task a second time as ThreadControllerImpl::RunTask.
_TASK = "RunTask"
# Callbacks of one frame follow each other at once.
_SAME_FRAME_MICROSECONDS = 4000


def frame_costs(trace: bytes) -> tuple[list[float], list[float]]:
    """Return milliseconds of main thread for each frame: by the clock, and of processor.

    All tasks between two frames count for the second: reading the socket, React, drawing. The
    processor's share does not know of other programs that run beside.
    """
    events = json.loads(trace)["traceEvents"]
    thread = _main_thread(events)
    ours = [event for event in events if (event.get("pid"), event.get("tid")) == thread]
    frames = _frames(sorted(event["ts"] for event in ours if event["name"] == _DRAWING))
    costs = [[0.0, 0.0] for _ in range(len(frames) + 1)]
    for event in ours:
        if event["name"] == _TASK and "dur" in event:
            # A task that draws begins before its callback does.
            cost = costs[bisect_right(frames, event["ts"] + event["dur"])]
            cost[0] += event["dur"] / 1000
            cost[1] += event.get("tdur", 0) / 1000
    whole = costs[1:-1]
    return [cost[0] for cost in whole], [cost[1] for cost in whole]


def _frames(moments: list[float]) -> list[float]:
    frames: list[float] = []
    last = float("-inf")
    for moment in moments:
        if moment - last > _SAME_FRAME_MICROSECONDS:
            frames.append(moment)
        last = moment
    return frames


def _main_thread(events: list[dict[str, Any]]) -> tuple[int, int]:
    """The page's: the thread that draws."""
    counts = Counter((e["pid"], e["tid"]) for e in events if e["name"] == _DRAWING)
    return counts.most_common(1)[0][0]
