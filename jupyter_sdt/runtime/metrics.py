"""``log_metrics``: one line per record, written in microseconds, never failing into training."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from jupyter_sdt.runtime.process_environment import process_environment
from jupyter_sdt.runtime.rank_files import rank_files
from jupyter_sdt.spec.metric import TIME_DECIMALS, Source

# Where records go inside a SageMaker image; whoever follows the job's log finds them there.
STANDARD_OUTPUT = Path("/dev/stdout")
_SERVICE = "TRAINING_JOB_NAME"  # SageMaker sets it in every container

# JSON text of names already seen; None for a name that was refused.
_names: dict[str, str | None] = {}
_warned: set[str] = set()
_writer: MetricWriter | None = None
# Steps counted by autolog; None while it has seen none.
_current_step: Callable[[], int | None] | None = None


class MetricWriter:
    """Appends records of one rank to its file, each with a single ``os.write``.

    Lines of several processes (a forked DataLoader worker, say) may interleave but never mix,
    because the file is opened for appending.
    """

    def __init__(self, path: Path, rank: int) -> None:
        self._path = path
        self._rank = rank
        self._descriptor = -1
        self._start = b""
        self._failed = False

    def write(self, step: int | None, body: str, source: Source = "script") -> None:
        """Write one record whose values are the JSON text ``body``, without braces."""
        at = "null" if step is None else step
        line = (
            f'{{"time":{time.time():.{TIME_DECIMALS}f},"rank":{self._rank},"step":{at}'
            f',"source":"{source}","values":{{{body}}}}}\n'
        )
        try:
            self._append(line.encode())
        except OSError as error:
            self._warn(str(error))

    def _append(self, line: bytes) -> None:
        if self._descriptor < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
        line = self._start + line
        written = os.write(self._descriptor, line)
        # The rest of a line cut short by a full disk is given up; the next begins on its own.
        self._start = b"" if written == len(line) else b"\n"
        if self._start:
            self._warn("the disk is full")

    def _warn(self, reason: str) -> None:
        if not self._failed:
            self._failed = True
            _say(f"metrics are not recorded: {self._path}: {reason}")


def log_metrics(step: Any = None, **values: Any) -> None:
    """Record ``values`` (numbers, 0-d tensors, numpy scalars) at ``step``.

    NaN and infinity are recorded as missing. Without ``step`` the optimizer steps counted so far
    are taken, where there are any. What is no number is named once on stderr and left out, and so
    is a disk that cannot be written: metrics never end a training. In a SageMaker image the record
    is one line of the log; outside any job it is printed for people.
    """
    global _writer
    if step is not None and type(step) is not int:
        step = _whole(step)
    elif step is None and _current_step is not None:
        step = _current_step()
    body = encode_values(values)
    if not body:
        return
    if _writer is None:
        _writer = job_writer()
        if _writer is None:
            _print(step, values)
            return
    _writer.write(step, body)


def job_writer() -> MetricWriter | None:
    """The writer of this process's rank, or None outside a job."""
    files = rank_files()
    if files is not None:
        return MetricWriter(files.metrics, files.rank)
    if _SERVICE in os.environ:
        return MetricWriter(STANDARD_OUTPUT, process_environment().rank)
    return None


def encode_values(values: Mapping[str, Any]) -> str:
    """The JSON text of ``values``, without braces."""
    return ",".join([pair for name, value in values.items() if (pair := _pair(name, value))])


def count_steps_with(current_step: Callable[[], int | None]) -> None:
    """Let ``current_step`` tell the step of records that name none."""
    global _current_step
    _current_step = current_step


def _pair(name: str, value: Any) -> str:
    known = _names.get(name) or _check_name(name)
    if known is None:
        return ""
    if type(value) is not float:
        try:
            # A tensor that requires gradients warns on float() and not on item().
            value = float(value.item() if hasattr(value, "item") else value)
        except Exception as error:  # noqa: BLE001 - whatever the object's conversion raises
            _warn_once(name, f"log_metrics({name}={value!r:.60}): not one number ({error})")
            return ""
    return f"{known}:{value!r}" if isfinite(value) else f"{known}:null"


def _check_name(name: str) -> str | None:
    """Check a name the first time it is seen; the check and the quoting are not repeated."""
    if name not in _names:
        good = 0 < len(name) <= 256 and name.isprintable()
        _names[name] = json.dumps(name) if good else None
        if not good:
            _warn_once(name, f"metric name {name!r:.60} must be 1 to 256 printable characters")
    return _names[name]


def _whole(step: Any) -> int | None:
    try:
        return int(step)
    except Exception as error:  # noqa: BLE001 - whatever the object's conversion raises
        _warn_once("step", f"log_metrics(step={step!r:.60}): not a whole number ({error})")
        return None


def _print(step: int | None, values: Mapping[str, Any]) -> None:
    numbers = json.loads(f"{{{encode_values(values)}}}")
    words = [f"{name} {'nan' if v is None else format(v, '.6g')}" for name, v in numbers.items()]
    sys.stdout.write("  ".join([f"step {step}", *words] if step is not None else words) + "\n")


def _warn_once(key: str, message: str) -> None:
    if key not in _warned:
        _warned.add(key)
        _say(message)


def _say(message: str) -> None:
    sys.stderr.write(f"jupyter_sdt: {message}\n")
