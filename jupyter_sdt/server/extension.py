"""The Jupyter server extension: which address leads to which handler."""

from __future__ import annotations

import threading
from typing import Any

from jupyter_server.utils import url_path_join

from jupyter_sdt.server import job_handlers, log_handlers, page_handlers
from jupyter_sdt.server.stream import ListStreamHandler, StreamHandler
from jupyter_sdt.server.trash import sweep
from jupyter_sdt.store.job_directory import jobs_root

_JOB = r"jobs/([^/]+)"
ROUTES: dict[str, type[Any]] = {
    "jobs": job_handlers.JobListHandler,
    "plan": job_handlers.PlanHandler,
    "schema": job_handlers.SchemaHandler,
    "folder": job_handlers.FolderHandler,
    "stream": ListStreamHandler,
    r"studies/([^/]+)": page_handlers.StudyHandler,
    _JOB: job_handlers.JobHandler,
    rf"{_JOB}/stop": job_handlers.StopHandler,
    rf"{_JOB}/restore": job_handlers.RestoreHandler,
    rf"{_JOB}/rerun": job_handlers.AgainHandler,
    rf"{_JOB}/cell": job_handlers.CellHandler,
    rf"{_JOB}/logs": log_handlers.LogHandler,
    rf"{_JOB}/bundle": page_handlers.BundleHandler,
    rf"{_JOB}/stages": page_handlers.StagesHandler,
    rf"{_JOB}/environment": page_handlers.EnvironmentHandler,
    rf"{_JOB}/logs/lines": log_handlers.LogLinesHandler,
    rf"{_JOB}/logs/search": log_handlers.LogSearchHandler,
    rf"{_JOB}/logs/download": log_handlers.LogFileHandler,
    rf"{_JOB}/metrics": job_handlers.MetricsHandler,
    rf"{_JOB}/series": job_handlers.CurvesHandler,
    rf"{_JOB}/stream": StreamHandler,
}


def load(server: Any) -> None:
    """Add the routes to a ServerApp, below its base URL."""
    base = url_path_join(server.web_app.settings["base_url"], "jupyter-sdt")
    server.web_app.add_handlers(
        ".*$", [(url_path_join(base, route), handler) for route, handler in ROUTES.items()]
    )
    # What the server before us had still to remove; in a thread, since nobody waits for it.
    threading.Thread(target=sweep, args=(jobs_root(),), daemon=True).start()
