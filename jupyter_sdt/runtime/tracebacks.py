"""Uncaught exceptions of a script: told in terms of the cell, and kept as a file."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from jupyter_sdt.runtime.process_environment import ProcessEnvironment
from jupyter_sdt.runtime.rank_files import RankFiles, write_whole

_HERE = str(Path(__file__).parent) + os.sep


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry point and, when it was made from a notebook cell, the cell's label."""

    path: str
    label: str = ""

    def tell(self, error: BaseException) -> str:
        """The traceback as text; frames of the entry point are shown as ``Cell In[7], line 12``."""
        kept = error.with_traceback(script_frames(error.__traceback__))
        text = "".join(traceback.format_exception(kept))
        return (
            text.replace(f'File "{self.path}", line', f"{self.label}, line") if self.label else text
        )

    def line_of(self, error: BaseException) -> int | None:
        """The last line of the entry point that ``error`` passed through; None when none did."""
        if isinstance(error, SyntaxError) and error.filename == self.path:
            return error.lineno
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == self.path]
        return lines[-1] if lines else None


def cell_label(spec: dict[str, Any]) -> str:
    """``Cell In[7]``, or nothing when the entry point is not a cell."""
    cell = spec.get("cell")
    if not cell:
        return ""
    number = cell.get("execution_count")
    return f"Cell In[{' ' if number is None else number}]"


def script_frames(frames: TracebackType | None) -> TracebackType | None:
    """Leave out the leading frames that belong to this package."""
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_HERE):
        frames = frames.tb_next
    return frames


def report_exception(error: BaseException, entry: Entry) -> str:
    """Write ``error`` to stderr and return the text; a hook set by the script is called instead."""
    text = entry.tell(error)
    hook = sys.excepthook
    ours = hook is sys.__excepthook__ or str(hook.__module__).startswith("torch.")
    # The log may be on a full disk and the script's hook may be faulty: the record still follows.
    with contextlib.suppress(Exception):
        if ours:
            sys.stderr.write(text)
        else:
            hook(type(error), error, error.__traceback__)
    return text


def write_error(
    files: RankFiles, place: ProcessEnvironment, error: BaseException, entry: Entry, text: str
) -> None:
    """Write ``errors/rank-N.json``."""
    body = {
        "rank": place.rank,
        "node": place.node,
        "time": time.time(),
        "type": type(error).__qualname__,
        "message": _text_of(error),
        "traceback": text,
        "cell_line": entry.line_of(error),
        "exit_code": 1,
    }
    try:
        write_whole(files.error, json.dumps(body, indent=1).encode())
    except OSError as failure:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"jupyter_sdt: cannot write {files.error}: {failure}\n")


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever a class of the script does there
        return "<the text of this exception cannot be made>"
