"""One browser's look at one job: what is new since the last look, as messages."""

from __future__ import annotations

import time
from typing import Any

from jupyter_sdt.errors import SdtError
from jupyter_sdt.server.metric_feed import MetricFeed, to_json
from jupyter_sdt.server.own_jobs import UnknownJobError, own_job, stamp
from jupyter_sdt.server.payloads import job_summary, lasting
from jupyter_sdt.spec.job_status import JobState
from jupyter_sdt.store.job_state import observe

# How often progress is told while the status stays the same.
_TELL_SECONDS = 0.5


class JobWatch:
    """Follows a job from a cursor on; :meth:`poll` reads files and may block for a moment.

    ``more`` asks to be polled again at once. ``ended`` becomes True with the last message: the job
    has ended and all of it was told. Raises UnknownJobError, and SpecError for a cursor that was
    never given.
    """

    def __init__(self, job_name: str, since: str = "") -> None:
        self._directory = own_job(job_name)
        self._stamp = stamp(self._directory)
        self._feed = MetricFeed(self._directory, since)
        self._state: JobState | None = None
        self._told: dict[str, Any] = {}
        self._told_seconds = -_TELL_SECONDS
        self.ended = False

    @property
    def more(self) -> bool:
        """Whether there is something to tell already."""
        return self._feed.more

    def poll(self) -> list[dict[str, Any]]:
        """Return the messages of now: the state if it changed, new records, the end.

        Raises UnknownJobError when the job was deleted, SdtError or OSError when it is still there
        but cannot be read; by a server that is older than the kernel, for example.
        """
        self._demand_job()
        try:
            return self._look()
        except (SdtError, OSError):
            self._demand_job()  # deleted while it was read?
            raise

    def _demand_job(self) -> None:
        if stamp(self._directory) != self._stamp:
            raise UnknownJobError(f"job {self._directory.job_name!r} was deleted")

    def _look(self) -> list[dict[str, Any]]:
        # The state comes before the records: once it is terminal, they are complete.
        state = observe(self._directory)
        messages = [*self._state_messages(state), *self._record_messages()]
        if state.terminal and not self._feed.more:
            messages.append(self._end())
        return messages

    def _state_messages(self, state: JobState) -> list[dict[str, Any]]:
        now = time.monotonic()
        if state == self._state and now - self._told_seconds < _TELL_SECONDS:
            return []
        self._state, self._told_seconds = state, now
        summary = job_summary(self._directory)
        news = lasting(summary)
        if news == self._told:
            return []
        self._told = news
        return [{"kind": "state", "summary": summary}]

    def _record_messages(self) -> list[dict[str, Any]]:
        records = self._feed.read()
        if not records:
            return []
        body = [to_json(record) for record in records]
        return [{"kind": "records", "cursor": self._feed.cursor, "records": body}]

    def _end(self) -> dict[str, Any]:
        self.ended = True
        return {"kind": "end"}
