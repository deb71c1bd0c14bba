"""JupyterLab with our extension in a headless Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from lab_page import LabPage
from support import until

ROOT = Path(__file__).parents[2]
TOKEN = "browser-test"  # of a server on the loopback that lives for these tests only
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


class Lab:
    """A JupyterLab server of its own: folders, port, jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.jobs, self.log = folder, folder / "jobs", folder / "lab.log"
        self.notebooks = folder / "notebooks"
        extensions = folder / "labextensions"
        notifications = folder / "CONFIG/lab/user-settings/@jupyterlab/apputils-extension"
        for made in (self.notebooks, self.jobs, extensions, notifications):
            made.mkdir(parents=True)
        # Else JupyterLab asks each new user whether it may fetch news.
        news = notifications / "notification.jupyterlab-settings"
        news.write_text('{"fetchNews": "false"}')
        # The bundle of this tree, whatever pip has installed.
        (extensions / "jupyter-sdt").symlink_to(ROOT / "labextension")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # Below a prefix, as behind JupyterHub: an address made without it would be noticed.
        self.base = f"http://127.0.0.1:{self.port}/user/me/"
        self.process = self._start(extensions)

    def _start(self, extensions: Path) -> subprocess.Popen[bytes]:
        options = {
            "ip": "127.0.0.1",
            "port": self.port,
            "ServerApp.base_url": "/user/me/",
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.notebooks,
            "ServerApp.jpserver_extensions": "{'jupyter_sdt': True, 'jupyterlab': True}",
            "IdentityProvider.token": TOKEN,
            "LabApp.extra_labextensions_path": extensions,
            "LabApp.expose_app_in_browser": True,
            "LabApp.news_url": None,
            "LabApp.check_for_updates_class": (
                "jupyterlab.handlers.announcements.NeverCheckForUpdate"
            ),
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--{name}={value}" for name, value in options.items()]
        home = {f"JUPYTER_{kind}_DIR": str(self.folder / kind) for kind in ("CONFIG", "RUNTIME")}
        with self.log.open("wb") as log:
            return subprocess.Popen(
                command,
                env=os.environ | home | {"SDT_JOBS_DIR": str(self.jobs)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def answers(self) -> bool:
        """Whether the server serves."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"{self.base}api/status?token={TOKEN}", timeout=5) as reply:
                return reply.status == 200
        except OSError:
            return False

    def close(self) -> None:
        """Stop the server and its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture(scope="session")
def chromium():
    """A browser."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """A running server; it is asked for a browser first, without which it is of no use."""
    server = Lab(tmp_path_factory.mktemp("lab"))
    until(server.answers, 60)
    yield server
    server.close()


@pytest.fixture
def page(lab, chromium, request):
    """A fresh browser window; what went wrong in it fails the test."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    opened = LabPage(context.new_page(), lab.base, TOKEN, lab.notebooks)
    yield opened
    opened.picture(f"{request.node.name}-end")
    context.close()
    assert not opened.errors
