"""REST for what a job page shows beside curves: its study, its logs in full, its bundle."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_sdt.server.handler import JobsHandler
from jupyter_sdt.server.studies import read_study


class StudyHandler(JobsHandler):
    """``studies/NAME``: a scaling study."""

    @authenticated
    @authorized
    async def get(self, study_name: str) -> None:
        """Return the study's jobs and its table so far."""
        self.answer(await self.run(read_study, study_name))
