"""The WebSockets: the list of jobs as it changes, and a job's state and metric records."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from typing import Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_sdt.errors import SpecError
from jupyter_sdt.server.handler import RESOURCE
from jupyter_sdt.server.list_query import Question
from jupyter_sdt.server.list_watch import ListWatch
from jupyter_sdt.server.own_jobs import UnknownJobError
from jupyter_sdt.server.watching import JobWatch

POLL_SECONDS = 0.075
LIST_SECONDS = 0.5
# Close codes of our own, after the HTTP statuses (RFC 6455, section 7.4.2).
ENDED, FAILED, UNKNOWN_JOB, BAD_REQUEST = 1000, 1011, 4404, 4422


class SocketHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Base of the sockets: whoever listens is known, and nothing goes on when he has left."""

    auth_resource = RESOURCE
    _task: asyncio.Task[None] | None = None

    @ws_authenticated
    @authorized
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the socket."""
        await super().get(*args, **kwargs)

    def on_message(self, message: str | bytes) -> None:
        """Nothing is expected from the browser."""

    def on_close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()

    def begin(self, following: Coroutine[Any, Any, None]) -> None:
        """Follow until that has come to its end, or the socket is closed."""
        self._task = asyncio.ensure_future(following)


class StreamHandler(SocketHandler):
    """``jobs/NAME/stream?since=CURSOR``. Files are followed only while somebody listens."""

    def open(self, job_name: str) -> None:
        """Begin to follow the job."""
        super().open()
        self.begin(self._follow(job_name))

    async def _follow(self, job_name: str) -> None:
        since = self.get_query_argument("since", "")
        try:
            watch = await asyncio.to_thread(JobWatch, job_name, since)
            await self._tell_all(watch)
            self.close(ENDED)
        except UnknownJobError:
            self.close(UNKNOWN_JOB, "no such job")
        except SpecError:
            self.close(BAD_REQUEST, "no such cursor")
        except Exception:
            self.log.exception("the stream of job %s broke", job_name)
            self.close(FAILED)

    async def _tell_all(self, watch: JobWatch) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while not watch.ended:
                for message in await asyncio.to_thread(_messages, watch):
                    # Waits until the socket has taken it: for a slow browser the next look at the
                    # files comes later and finds more, and nothing piles up in memory.
                    await self.write_message(message)
                if not watch.more and not watch.ended:
                    await asyncio.sleep(POLL_SECONDS)


class ListStreamHandler(SocketHandler):
    """``stream``: the list of jobs as the browser's last question wants it."""

    _question: Question | None = None

    def open(self) -> None:
        """Wait for the first question."""
        super().open()
        self._asked = asyncio.Event()
        self.begin(self._follow())

    def on_message(self, message: str | bytes) -> None:
        """Take a question, in place of the one before."""
        try:
            self._question = Question.from_text(message)
        except SpecError:
            self.close(BAD_REQUEST, "no such question")
            return
        self._asked.set()

    async def _follow(self) -> None:
        watch = ListWatch()
        try:
            while True:
                asked = await self._was_asked()
                if news := await asyncio.to_thread(_news, watch, self._question, asked):
                    await self.write_message(news)
        except WebSocketClosedError:
            pass
        except Exception:
            self.log.exception("the stream of the list of jobs broke")
            self.close(FAILED)

    async def _was_asked(self) -> bool:
        """Wait until it is time to look: for a question, and after the first for a moment only."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIST_SECONDS if self._question else None):
                await self._asked.wait()
        asked = self._asked.is_set()
        self._asked.clear()
        return asked


def _messages(watch: JobWatch) -> list[str]:
    return [json.dumps(message, allow_nan=False) for message in watch.poll()]


def _news(watch: ListWatch, question: Question | None, asked: bool) -> str:
    message = question and watch.look(question, asked=asked)
    return json.dumps(message, allow_nan=False) if message else ""
