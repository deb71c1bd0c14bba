"""REST over the logs of a job's ranks: by line, by what they say, and as files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from jupyter_sdt.errors import SpecError
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.server.handler import JobsHandler
from jupyter_sdt.server.log_lines import Lines, line_index
from jupyter_sdt.server.log_pages import MOST_LINES, LogPage, open_log, read_page
from jupyter_sdt.server.log_search import LEVELS, Matches, search_log
from jupyter_sdt.server.own_jobs import UnknownJobError, own_job

_PIECE_BYTES = 1 << 18


class LogHandler(JobsHandler):
    """``jobs/NAME/logs``: from a byte on."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return a page of one rank's log."""
        rank = self.number("rank", 0)
        cursor = self.number("cursor", 0, least=-(2**62))
        limit = self.number("limit", 1000, least=1, most=MOST_LINES)
        page = await self.run(_page, job_name, rank, cursor, limit)
        self.answer({"rank": rank, **page})


class LogLinesHandler(JobsHandler):
    """``jobs/NAME/logs/lines``: by line number."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return lines from a number on, and how many there are."""
        rank = self.number("rank", 0)
        first = self.number("first", 0, least=-(2**62))
        limit = self.number("limit", 200, least=0, most=MOST_LINES)
        self.answer({"rank": rank, **await self.run(_lines, job_name, rank, first, limit)})


class LogSearchHandler(JobsHandler):
    """``jobs/NAME/logs/search``: by what they say."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return lines that hold a text, or tell of errors or warnings."""
        rank, cursor = self.number("rank", 0), self.number("cursor", 0)
        limit = self.number("limit", 500, least=1, most=MOST_LINES)
        text, level = self.get_query_argument("text", ""), self.get_query_argument("level", "")
        found = await self.run(_search, job_name, rank, text, level, cursor, limit)
        self.answer({"rank": rank, **found})


class LogFileHandler(JobsHandler):
    """``jobs/NAME/logs/download``: all of it."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Send the file, a piece at a time: neither side holds all of it."""
        rank = self.number("rank", 0)
        file = await self.run(_open, job_name, rank)
        with file:
            left = os.fstat(file.fileno()).st_size
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            name = f"{job_name}-rank-{rank}.log"
            self.set_header("Content-Disposition", f'attachment; filename="{name}"')
            self.set_header("Content-Length", str(left))
            self.set_header("Cache-Control", "no-store")
            try:
                while left and (piece := await asyncio.to_thread(file.read, _PIECE_BYTES)):
                    self.write(piece[:left])
                    left -= min(left, len(piece))
                    await self.flush()
            except StreamClosedError:
                return
        self.finish(set_content_type="text/plain; charset=utf-8")


def _log(job_name: str, rank: int) -> tuple[Path, bool]:
    """The log of a rank, and whether it is complete. Raises SpecError for a rank too many."""
    job = TrainingJob(own_job(job_name))
    if rank >= job.spec.world_size:
        raise SpecError(
            f"rank={rank}: job {job_name} has ranks 0 to {job.spec.world_size - 1}",
            argument="rank",
        )
    # The state comes first: once it is terminal, the log is complete.
    complete = job.state().terminal
    return job.directory.log(rank), complete


def _page(job_name: str, rank: int, cursor: int, limit: int) -> LogPage:
    path, complete = _log(job_name, rank)
    return read_page(path, cursor, limit, complete=complete)


def _lines(job_name: str, rank: int, first: int, limit: int) -> Lines:
    path, complete = _log(job_name, rank)
    return line_index(str(path)).lines(first, limit, complete=complete)


def _search(job_name: str, rank: int, text: str, level: str, cursor: int, limit: int) -> Matches:
    path, complete = _log(job_name, rank)
    if level not in LEVELS:
        raise SpecError(f"level={level[:40]!r} must be warning or error", argument="level")
    if not text and not level:
        raise SpecError("give text or level: there is nothing to look for", argument="text")
    return search_log(path, text=text, level=level, cursor=cursor, limit=limit, complete=complete)


def _open(job_name: str, rank: int) -> Any:
    path, _ = _log(job_name, rank)
    try:
        return open_log(path)
    except OSError:
        raise UnknownJobError(f"rank {rank} of job {job_name} has no log") from None
