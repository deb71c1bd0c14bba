"""REST for what a job page shows beside curves: its study, stages, environment, bundle."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_sdt.server.bundle import make_bundle
from jupyter_sdt.server.environment import read_environment
from jupyter_sdt.server.handler import JobsHandler
from jupyter_sdt.server.own_jobs import own_job
from jupyter_sdt.server.stages import read_stages
from jupyter_sdt.server.studies import read_study


class StudyHandler(JobsHandler):
    """``studies/NAME``: a scaling study."""

    @authenticated
    @authorized
    async def get(self, study_name: str) -> None:
        """Return the study's jobs and its table so far."""
        self.answer(await self.run(read_study, study_name))


class StagesHandler(JobsHandler):
    """``jobs/NAME/stages``: its pipeline."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return modules and recorded step of each stage; none is no error."""
        self.answer(await self.run(lambda: read_stages(own_job(job_name))))


class EnvironmentHandler(JobsHandler):
    """``jobs/NAME/environment``: what it ran in."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Return machine, packages, variables of the ranks, and the plan as text."""
        self.answer(await self.run(lambda: read_environment(own_job(job_name))))


class BundleHandler(JobsHandler):
    """``jobs/NAME/bundle``: all that is needed to run the job again."""

    @authenticated
    @authorized
    async def get(self, job_name: str) -> None:
        """Send the archive."""
        content = await self.run(lambda: make_bundle(own_job(job_name)))
        self.set_header("Content-Disposition", f'attachment; filename="{job_name}.zip"')
        self.set_header("Cache-Control", "no-store")
        self.finish(content, set_content_type="application/zip")
