"""A real Jupyter server with our extension, below a base URL, and jobs in the store it reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures, for this folder alone
from server_support import Store
from support import Jobs
from tornado.httpclient import HTTPClientError
from traitlets.config import Config


@pytest.fixture
def jp_server_config() -> Config:
    enabled = {"jpserver_extensions": {"jupyter_sdt": True}, "allow_unauthenticated_access": False}
    return Config({"ServerApp": enabled})


@pytest.fixture
def store(jobs_folder: Path):
    made = Store(Jobs(jobs_folder))
    yield made
    for lock in made.locks:
        os.close(lock)


@pytest.fixture
def ask(jp_fetch):
    """Send a request; returns status and body, also of refusals."""

    async def send(method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        content = json.dumps(body) if method in ("POST", "PUT", "PATCH") else None
        try:
            found = await jp_fetch(
                "jupyter-sdt", *path.split("/"), method=method, body=content, params=params
            )
        except HTTPClientError as error:
            if error.response is None:
                raise
            found = error.response
        return found.code, json.loads(found.body) if found.body else None

    return send


@pytest.fixture
def listen(jp_ws_fetch):
    """Open the stream of a job."""
    sockets = []

    async def connect(job_name: str, **params: Any):
        socket = await jp_ws_fetch("jupyter-sdt", "jobs", job_name, "stream", params=params)
        sockets.append(socket)
        return socket

    yield connect
    for socket in sockets:
        socket.close()
