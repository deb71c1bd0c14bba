"""Errors as answers: which status, and what the body says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from tornado.web import HTTPError

from jupyter_sdt.errors import JobLostError, LaunchError, SdtError, SpecError
from jupyter_sdt.server.own_jobs import ConflictError, UnknownJobError

_STATUSES: tuple[tuple[type[SdtError], int], ...] = (
    (SpecError, 422),
    (UnknownJobError, 404),
    (JobLostError, 404),  # observe() raises it only when the folder was deleted
    (ConflictError, 409),
    (LaunchError, 502),
)
_HINT = "; did you mean "


class ErrorBody(TypedDict):
    """What an answer from 400 up says; ``argument`` names the field or flag at fault."""

    message: str
    hint: str
    argument: str


class RefusedError(HTTPError):
    """One of our errors on its way to the browser."""

    def __init__(self, status: int, body: ErrorBody) -> None:
        super().__init__(status)
        self.body = body


@contextmanager
def refusing() -> Iterator[None]:
    """Turn our own errors into answers; anything else becomes a 500 without a text."""
    try:
        yield
    except SdtError as error:
        status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
        if status == 500:
            raise
        raise RefusedError(status, error_body(error)) from None


def error_body(error: BaseException | None) -> ErrorBody:
    """Return the body for an error; what is not ours, nor tornado's, says nothing."""
    if isinstance(error, RefusedError):
        return error.body
    if isinstance(error, HTTPError):
        return ErrorBody(message=error.log_message or error.reason or "", hint="", argument="")
    if not isinstance(error, SdtError):
        return ErrorBody(message="", hint="", argument="")
    message, found, hint = str(error).rpartition(_HINT)
    return ErrorBody(
        message=message if found else str(error),
        hint=_HINT.lstrip("; ") + hint if found else "",
        argument=getattr(error, "argument", ""),
    )
