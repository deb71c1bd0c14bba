"""A step of a pipeline as text: what each stage did when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MARKS = "0123456789abcdefghijklmnopqrstuvwxyz"


def drawn(schedule: Mapping[str, Any], width: int = 80) -> str:
    """Draw what schedule.json of a job holds, two lines for each stage.

    A column is a stretch of time and a mark the microbatch that took most of it: in the first line
    its forward, in the second its backward.
    """
    tasks = schedule["tasks"]
    if not tasks:
        return "no stage did anything"
    begin = min(task["start"] for task in tasks)
    seconds = max(task["end"] for task in tasks) - begin or 1e-9
    lines = [f"one step, {1e3 * seconds:.1f} ms; columns of {1e3 * seconds / width:.2f} ms"]
    for stage in range(schedule["stages"]):
        for kind in ("forward", "backward"):
            took = [[0.0] * len(_MARKS) for _ in range(width)]
            for task in tasks:
                if (task["stage"], task["kind"]) == (stage, kind):
                    ends = ((task[name] - begin) / seconds * width for name in ("start", "end"))
                    _add(took, task["microbatch"] % len(_MARKS), *ends)
            lines.append(f"stage {stage} {kind:>8} |{''.join(map(_mark, took))}|")
    return "\n".join(lines)


def _add(took: list[list[float]], mark: int, start: float, end: float) -> None:
    for column in range(int(start), min(len(took), int(end) + 1)):
        took[column][mark] += min(end, column + 1) - max(start, column)


def _mark(took: list[float]) -> str:
    most = max(took)
    return _MARKS[took.index(most)] if most > 0.25 else " "
