"""Every exception this package raises, under one root.

::

    SdtError
      SpecError              the request cannot be right; nothing was started
        DistributionError    the same, about ``distribution={...}``
      LaunchError            the request is right but nothing could be started
      JobError               training ran and failed
      JobLostError           the supervisor died; nobody knows how the job ended
      RuntimeStateError      ``jupyter_sdt.runtime`` used out of order inside a rank
      CollectiveError        ranks that communicate have lost one, or ask for different things
        StageError           another stage of a pipeline failed, is gone, or does not answer

Messages name the argument, both values that disagree and the nearest right one, so that
``str(error)`` alone is enough for a user to go on.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SdtError(Exception):
    """Root of all errors of this package."""


class SpecError(SdtError):
    """A request that cannot be right, refused before anything starts.

    ``argument`` is the name of the offending argument as the user wrote it.
    """

    def __init__(self, message: str, *, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument


class DistributionError(SpecError):
    """A ``distribution`` dictionary that cannot be right."""


class LaunchError(SdtError):
    """Nothing was started: a launcher is missing, a runtime is absent, a port is taken."""


class JobError(SdtError):
    """A training job failed.

    Carries what a user needs to find the fault: ``job_name``, the first failing ``rank`` (None
    when no rank was reached), its ``exit_code`` (negative: killed by that signal number),
    ``traceback`` with frames pointing into the cell, the last ``log_lines`` and ``log_path``.
    """

    def __init__(
        self,
        message: str,
        *,
        job_name: str,
        rank: int | None = None,
        exit_code: int | None = None,
        traceback: str = "",
        log_lines: tuple[str, ...] = (),
        log_path: str = "",
    ) -> None:
        super().__init__(message)
        self.job_name = job_name
        self.rank = rank
        self.exit_code = exit_code
        self.traceback = traceback
        self.log_lines = log_lines
        self.log_path = log_path


class JobLostError(SdtError):
    """The supervisor of a job died before the job reached an end."""


class RuntimeStateError(SdtError):
    """The runtime was used out of order: not initialised, initialised twice, or shut down."""


class CollectiveError(SdtError, RuntimeError):
    """Ranks that communicate cannot go on: one is gone, too late, or asks for something else.

    ``rank`` is that one's, within the process group. A RuntimeError, as torch's backends raise.
    """

    def __init__(self, message: str, *, rank: int | None = None) -> None:
        super().__init__(message)
        self.rank = rank


class StageError(CollectiveError):
    """A pipeline cannot go on because of another ``stage``: it failed, is gone, or hangs.

    ``traceback`` is that stage's own, where it failed.
    """

    def __init__(
        self, message: str, *, stage: int, rank: int | None = None, traceback: str = ""
    ) -> None:
        super().__init__(message, rank=rank)
        self.stage = stage
        self.traceback = traceback


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of ``known``, or an empty string."""
    nearest = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
