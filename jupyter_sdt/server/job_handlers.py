"""REST over the job directories: the list, one job, its logs, metrics and curves; start and stop.

Every method is authenticated and asks the server's authorizer; a test walks over all of them.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.server.again import as_cell, run_again
from jupyter_sdt.server.answers import RefusedError
from jupyter_sdt.server.curves import MOST_POINTS, Curves, read_curves
from jupyter_sdt.server.folder import choose_folder, folder
from jupyter_sdt.server.form import launch_schema
from jupyter_sdt.server.handler import JobsHandler
from jupyter_sdt.server.job_list import list_jobs
from jupyter_sdt.server.list_query import MOST_JOBS, ListQuery
from jupyter_sdt.server.metric_feed import MetricFeed, to_json
from jupyter_sdt.server.own_jobs import own_job
from jupyter_sdt.server.payloads import JobDetail, JobSummary, job_detail, job_summary
from jupyter_sdt.server.starting import PlanPayload, read_launch
from jupyter_sdt.server.trash import MOST_UNDO_SECONDS, delete_job, restore_job


class JobListHandler(JobsHandler):
    """``jobs``: the list, and starting one more."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """List jobs, newest first, or those first that cost most."""
        limit = self.number("limit", 100, most=MOST_JOBS)
        texts = {name: self.get_query_argument(name, "") for name in ("status", "search", "sort")}
        self.answer(await self.run(lambda: list_jobs(ListQuery(limit=limit, **texts))))

    @authenticated
    @authorized
    async def post(self) -> None:
        """Start a job."""
        self.answer(await self.run(_start, self.request.body, self.root), 201)


class PlanHandler(JobsHandler):
    """``plan``: what would be started."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Say what a POST to ``jobs`` would start.

        With ``draft=1`` a refusal is an answer as well: while somebody types, most of what would be
        planned cannot be right yet, and browsers log every status from 400 up as an error.
        """
        try:
            self.answer(await self.run(_plan, self.request.body, self.root))
        except RefusedError as error:
            if not self.number("draft", 0):
                raise
            self.answer({"refusal": error.body})


class SchemaHandler(JobsHandler):
    """``schema``: the launch form."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Return the JSON schema."""
        self.answer(await self.run(launch_schema))


class FolderHandler(JobsHandler):
    """``folder``: where jobs are kept."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Return the folder."""
        self.answer(await self.run(folder))

    @authenticated
    @authorized
    async def put(self) -> None:
        """Choose another one."""
        self.answer(await self.run(choose_folder, self.request.body))


class JobHandler(JobsHandler):
    """``jobs/NAME``."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return all about one job."""
        self.answer(await self.run(_detail, job_name, self.root))

    @authenticated
    @authorized
    async def delete(self, job_name: str) -> None:
        """Delete a job that has ended; with ``undo_seconds`` it can be restored for so long."""
        undo = self.number("undo_seconds", 0, most=MOST_UNDO_SECONDS)
        until = await self.run(lambda: delete_job(own_job(job_name), undo))
        if undo:
            self.answer({"restorable_until_seconds": until})
            return
        self.set_status(204)
        self.finish()


class RestoreHandler(JobsHandler):
    """``jobs/NAME/restore``."""

    @authenticated
    @authorized
    async def post(self, job_name: str) -> None:
        """Bring back a job that was deleted a moment ago."""
        self.answer(await self.run(lambda: job_summary(restore_job(job_name))))


class AgainHandler(JobsHandler):
    """``jobs/NAME/rerun``."""

    @authenticated
    @authorized
    async def post(self, job_name: str) -> None:
        """Start a job with the same spec, source and variables."""
        self.answer(await self.run(lambda: job_summary(run_again(own_job(job_name)))), 201)


class CellHandler(JobsHandler):
    """``jobs/NAME/cell``."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return the job as the text of a cell."""
        self.answer(await self.run(lambda: as_cell(own_job(job_name))))


class StopHandler(JobsHandler):
    """``jobs/NAME/stop``."""

    @authenticated
    @authorized
    async def post(self, job_name: str) -> None:
        """Ask a job to stop; what is left of it is killed after its ``stop_seconds``."""
        self.answer(await self.run(_stop, job_name), 202)


class MetricsHandler(JobsHandler):
    """``jobs/NAME/metrics``."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return the records after a cursor, about a megabyte at most."""
        since = self.get_query_argument("since", "")
        self.answer(await self.run(_metrics, job_name, since))


class CurvesHandler(JobsHandler):
    """``jobs/NAME/series``."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return thinned curves and the cursor from which the stream goes on."""
        points = self.number("points", 2000, least=4, most=MOST_POINTS)
        self.answer(await self.run(_curves, job_name, points))


def _start(content: bytes, root: Path) -> JobSummary:
    return job_summary(read_launch(content, root).start().directory)


def _plan(content: bytes, root: Path) -> PlanPayload:
    return read_launch(content, root).plan()


def _detail(job_name: str, root: Path) -> JobDetail:
    return job_detail(own_job(job_name), root)


def _stop(job_name: str) -> JobSummary:
    directory = own_job(job_name)
    TrainingJob(directory).stop()
    return job_summary(directory)


def _metrics(job_name: str, since: str) -> dict[str, object]:
    feed = MetricFeed(own_job(job_name), since)
    records = [to_json(record) for record in feed.read()]
    return {"cursor": feed.cursor, "records": records, "more": feed.more}


def _curves(job_name: str, points: int) -> Curves:
    return read_curves(own_job(job_name), points)
