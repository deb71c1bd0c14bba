"""The WebSocket of a job: its state and metric records as they come, from any cursor on."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_sdt.errors import SpecError
from jupyter_sdt.server.handler import RESOURCE
from jupyter_sdt.server.own_jobs import UnknownJobError
from jupyter_sdt.server.watching import JobWatch

POLL_SECONDS = 0.075
# Close codes of our own, after the HTTP statuses (RFC 6455, section 7.4.2).
ENDED, FAILED, UNKNOWN_JOB, BAD_CURSOR = 1000, 1011, 4404, 4422


class StreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``jobs/NAME/stream?since=CURSOR``. Files are followed only while somebody listens."""

    auth_resource = RESOURCE
    _task: asyncio.Task[None] | None = None

    @ws_authenticated
    @authorized
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the socket."""
        await super().get(*args, **kwargs)

    def open(self, job_name: str) -> None:
        """Begin to follow the job."""
        super().open()
        self._task = asyncio.ensure_future(self._follow(job_name))

    def on_message(self, message: str | bytes) -> None:
        """Nothing is expected from the browser."""

    def on_close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self, job_name: str) -> None:
        since = self.get_query_argument("since", "")
        try:
            watch = await asyncio.to_thread(JobWatch, job_name, since)
            await self._tell(watch)
            self.close(ENDED)
        except UnknownJobError:
            self.close(UNKNOWN_JOB, "no such job")
        except SpecError:
            self.close(BAD_CURSOR, "no such cursor")
        except Exception:
            self.log.exception("the stream of job %s broke", job_name)
            self.close(FAILED)

    async def _tell(self, watch: JobWatch) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while not watch.ended:
                for message in await asyncio.to_thread(_messages, watch):
                    # Waits until the socket has taken it: for a slow browser the next look at the
                    # files comes later and finds more, and nothing piles up in memory.
                    await self.write_message(message)
                if not watch.more and not watch.ended:
                    await asyncio.sleep(POLL_SECONDS)


def _messages(watch: JobWatch) -> list[str]:
    return [json.dumps(message, allow_nan=False) for message in watch.poll()]
