"""Following a job to its end: in the cell, or behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from jupyter_sdt.notebook.output import Output
from jupyter_sdt.notebook.snapshot import Snapshot, Watcher

_POLL_SECONDS = 0.03
# A person sees no difference beyond this, and each redraw costs the browser some milliseconds.
REDRAW_SECONDS = 0.25


def watch(watcher: Watcher, output: Output) -> Snapshot:
    """Refresh ``output`` until the job ends, close it, and return the last snapshot.

    Raises KeyboardInterrupt when the cell is interrupted; the job and the output go on.
    """
    drawn, phase = 0.0, ""
    while not (state := watcher.job.state()).terminal:
        now = time.monotonic()
        if now - drawn >= REDRAW_SECONDS or state.secondary_status != phase:
            output.refresh(watcher.look())
            drawn, phase = now, state.secondary_status
        time.sleep(_POLL_SECONDS)
    snapshot = watcher.look()
    output.close(snapshot)
    return snapshot


def watch_in_background(
    watcher: Watcher, output: Output, at_end: Callable[[], None]
) -> threading.Thread:
    """Do the same in a daemon thread, then call ``at_end``."""

    def follow() -> None:
        watch(watcher, output)
        at_end()

    thread = threading.Thread(target=follow, name=f"sdt-{watcher.job.name}", daemon=True)
    thread.start()
    return thread
