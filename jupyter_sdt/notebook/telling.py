"""Errors as a notebook shows them: the message and what to do, without our own frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from jupyter_sdt.errors import JobError, SdtError

P = ParamSpec("P")
R = TypeVar("R")


class DetachedError(KeyboardInterrupt):
    """The cell was interrupted and stopped watching; the job goes on.

    Raised, not swallowed, so that "Run All" stops where the user pressed the button.
    """

    def __init__(self, job_name: str, what_ends: str = "") -> None:
        super().__init__(
            f"{job_name} goes on without this cell{what_ends}.\n"
            f"Watch it again: %sdt_attach {job_name}\nStop it:        %sdt_stop {job_name}"
        )
        tell_plainly(self)


def tell_plainly(error: BaseException) -> None:
    """Have IPython show ``error`` as :func:`describe` does instead of with a traceback.

    IPython asks an exception for ``_render_traceback_`` before it renders one
    (InteractiveShell.showtraceback).
    """
    vars(error)["_render_traceback_"] = lambda: describe(error).splitlines()


def plainly(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap a magic so that our own errors are told plainly, and still stop "Run All"."""

    @wraps(function)
    def wrapper(*arguments: P.args, **keywords: P.kwargs) -> R:
        try:
            return function(*arguments, **keywords)
        except SdtError as error:
            tell_plainly(error)
            raise

    return wrapper


def describe(error: BaseException) -> str:
    """The message; for a failed job also the traceback into the cell, the log's end and its path.

    The traceback is usually among the log's last lines, and is then not repeated.
    """
    parts = [f"{type(error).__name__}: {error}"]
    if isinstance(error, JobError):
        parts += _job_parts(error, parts[0])
    return "\n\n".join(parts)


def _job_parts(error: JobError, told: str) -> list[str]:
    trace, log = error.traceback.strip(), "\n".join(error.log_lines).strip()
    parts = [trace] if trace and trace not in f"{told}\n{log}" else []
    if log and log not in "\n".join([told, *parts]):
        parts.append(f"last lines of the log:\n{log}")
    if error.log_path and error.log_path not in told:
        parts.append(f"whole log: {error.log_path}")
    return parts
