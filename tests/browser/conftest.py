"""JupyterLab with our extension in a headless Chromium.

One server serves all files; the browser belongs to one file. Each test begins with a new window,
a new user's settings and no jobs, and leaves neither jobs nor kernels behind.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest
from lab_page import LabPage, browser_path, launch_browser
from lab_server import LabServer

FAILED = pytest.StashKey[bool]()
SIZE = {"viewport": {"width": 1400, "height": 900}}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know how the test ended."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def playwright():
    """What drives browsers; without it, or without a browser, there is nothing to test."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if browser_path() is None:
        pytest.skip("chromium is not installed")
    return api.sync_playwright


@pytest.fixture(scope="module")
def chromium(playwright):
    """A browser for the tests of one file.

    It goes with them: while playwright runs, no other event loop can in this thread, and other
    tests may come next.
    """
    with playwright() as driver:
        browser = launch_browser(driver)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(playwright, tmp_path_factory):
    """A running server; it is asked for a browser first, without which it is of no use."""
    with serving(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def serve(playwright, tmp_path):
    """Starts a server that the test may treat badly; from another environment when told."""
    with ExitStack() as servers:
        yield lambda python=None: servers.enter_context(serving(tmp_path / "lab", python))


@contextmanager
def serving(folder, python=None):
    """A server, until the end of the block."""
    server = LabServer(folder, python)
    try:
        server.wait()
        yield server
    finally:
        server.clear_jobs()
        server.close()


@pytest.fixture(scope="module")
def profile(chromium):
    """A person's browser: it has kept JupyterLab's files from the test before."""
    return chromium.new_context(**SIZE)


@pytest.fixture
def open_window(chromium, profile, request):
    """Opens browser windows on a server, of different persons each; their errors fail the test."""
    windows = []

    def opened(server):
        context = chromium.new_context(**SIZE) if windows else profile
        windows.append(LabPage(context.new_page(), server))
        return windows[-1]

    yield opened
    errors = [error for window in windows for error in window.errors]
    wrong = request.node.stash.get(FAILED, False) or errors
    for place, window in enumerate(windows):
        if wrong:
            window.keep(f"{request.node.name}-{place}")
        window.page.close()
    profile.clear_cookies()
    assert errors == []


@pytest.fixture
def clean_lab(lab):
    """The server as a new user finds it, with no jobs."""
    lab.forget_settings()
    lab.ask("PUT", "jupyter-sdt/folder", {"folder": ""})
    yield lab
    lab.end_kernels()
    lab.clear_jobs()


@pytest.fixture
def page(clean_lab, open_window):
    """A fresh browser window."""
    return open_window(clean_lab)
