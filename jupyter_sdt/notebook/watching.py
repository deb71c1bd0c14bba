"""Following a job to its end: in the cell, or behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from jupyter_sdt.errors import SdtError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.log_echo import LogEcho
from jupyter_sdt.notebook.output import Output
from jupyter_sdt.notebook.snapshot import Snapshot, look

_POLL_SECONDS = 0.03
# A person sees no difference beyond this, and each redraw costs the browser some milliseconds.
REDRAW_SECONDS = 0.25
# Long curves of many ranks take longer to draw; the kernel belongs to the user's cells.
_LARGEST_SHARE = 0.05


def watch(job: TrainingJob, output: Output, echo: LogEcho | None = None) -> Snapshot:
    """Refresh ``output`` until the job ends, close it, and return the last snapshot.

    ``echo`` prints the log of rank 0 meanwhile.
    Raises KeyboardInterrupt when the cell is interrupted; the job and the output go on.
    """
    due, phase = 0.0, ""
    while not (state := job.state()).terminal:
        began = time.monotonic()
        if began >= due or state.secondary_status != phase:
            output.refresh(look(job))
            if echo is not None:
                echo.poll()
            cost, phase = time.monotonic() - began, state.secondary_status
            due = began + max(REDRAW_SECONDS, cost / _LARGEST_SHARE)
        time.sleep(_POLL_SECONDS)
    snapshot = look(job)
    output.close(snapshot)
    if echo is not None:
        echo.finish()
    return snapshot


def watch_in_background(
    job: TrainingJob, output: Output, result: Callable[[], str]
) -> threading.Thread:
    """Do the same in a daemon thread; then ``output`` says ``result()``, or what went wrong."""

    def follow() -> None:
        try:
            watch(job, output)
            said = result()
        except (SdtError, OSError) as error:  # the job's folder was deleted, the disk is full
            said = str(error)
        output.say(said)

    thread = threading.Thread(target=follow, name=f"sdt-{job.name}", daemon=True)
    thread.start()
    return thread
