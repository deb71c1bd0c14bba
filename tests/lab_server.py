"""A JupyterLab server with our extension, in folders of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from support import until

from jupyter_sdt.launch.launchers.rendezvous import free_port
from jupyter_sdt.store.job_directory import JobDirectory

ROOT = Path(__file__).parents[1]
TOKEN = "browser-test"  # of a server on the loopback that lives for these tests only
PREFIX = "/user/me/"
NEWS = "@jupyterlab/apputils-extension"


class LabServer:
    """Starts on construction; its notebooks, jobs and port outlive a kill.

    Without ``python`` it takes the bundle of this tree, whatever pip has installed; with the
    interpreter of another environment, what is installed there.
    """

    def __init__(self, folder: Path, python: Path | None = None) -> None:
        self.folder, self.jobs, self.log = folder, folder / "jobs", folder / "lab.log"
        self.notebooks, self._python = folder / "notebooks", python
        for made in (self.notebooks, self.jobs):
            made.mkdir(parents=True)
        self.forget_settings()
        self.port = free_port()
        # Below a prefix, as behind JupyterHub: an address made without it would be noticed.
        self.base = f"http://127.0.0.1:{self.port}{PREFIX}"
        self.start()

    def start(self) -> None:
        """Start the server, always on the same port."""
        options = self._options() | (self._tree() if self._python is None else {})
        command = [
            str(self._python or sys.executable),
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
        ]
        command += [f"--{name}={value}" for name, value in options.items()]
        home = {f"JUPYTER_{kind}_DIR": str(self.folder / kind) for kind in ("CONFIG", "RUNTIME")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=os.environ | home | {"SDT_JOBS_DIR": str(self.jobs)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _options(self) -> dict[str, object]:
        return {
            "ip": "127.0.0.1",
            "port": self.port,
            "ServerApp.base_url": PREFIX,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.notebooks,
            "IdentityProvider.token": TOKEN,
            "LabApp.expose_app_in_browser": True,
            "LabApp.news_url": None,
            "LabApp.check_for_updates_class": (
                "jupyterlab.handlers.announcements.NeverCheckForUpdate"
            ),
        }

    def _tree(self) -> dict[str, object]:
        extensions = self.folder / "labextensions"
        extensions.mkdir(exist_ok=True)
        if not (link := extensions / "jupyter-sdt").exists():
            link.symlink_to(ROOT / "labextension")
        enabled = "{'jupyter_sdt': True, 'jupyterlab': True}"
        return {
            "LabApp.extra_labextensions_path": extensions,
            "ServerApp.jpserver_extensions": enabled,
        }

    def wait(self) -> None:
        """Wait until the server serves."""
        until(self._answers, 60)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return "kernels" in self.ask("GET", "api/status")
        except OSError:
            return False

    def ask(self, method: str, route: str, body: Any = None) -> Any:
        """What the server answers. Raises OSError when it does not, or not with success."""
        request = urllib.request.Request(
            self.base + route,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.loads(reply.read() or "null")

    def forget_settings(self) -> None:
        """Back to what a new user has, but for the question whether JupyterLab may fetch news."""
        settings = self.folder / "CONFIG/lab/user-settings"
        shutil.rmtree(settings, ignore_errors=True)
        (settings / NEWS).mkdir(parents=True)
        news = settings / NEWS / "notification.jupyterlab-settings"
        news.write_text('{"fetchNews": "false"}')

    def end_kernels(self) -> None:
        """Shut all kernels down, so that the next test has the machine for itself."""
        for session in self.ask("GET", "api/sessions"):
            with suppress(HTTPError):  # it ended by itself meanwhile
                self.ask("DELETE", f"api/sessions/{session['id']}")

    def clear_jobs(self) -> None:
        """Stop the jobs that run, wait for their end, and put all out of sight."""
        jobs = [JobDirectory(path) for path in self.jobs.iterdir()]
        running = [job for job in jobs if job.supervised()]
        for job in running:
            job.ask_to_stop()
        for job in running:
            until(lambda job=job: not job.supervised(), 60)
        for job in jobs:
            job.path.rename(self.folder / f"old-{time.monotonic_ns()}")

    def kill(self) -> None:
        """End the server as the kernel of the operating system would: without a word."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Stop the server and its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
