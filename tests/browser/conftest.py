"""JupyterLab with our extension in a headless Chromium."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager

import pytest
from lab_page import LabPage, launch_browser
from lab_server import ROOT, LabServer

# What a failing test leaves for whoever looks into it.
ARTIFACTS = ROOT / "build" / "browser"
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items):
    """Browser tests come last: while playwright runs, no other event loop can in this thread."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know how the test ended."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def chromium():
    """A browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = launch_browser(driver)
        if browser is None:
            pytest.skip("chromium is not installed")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """A running server; it is asked for a browser first, without which it is of no use."""
    with serving(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def serve(chromium, tmp_path):
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
        server.close()


@pytest.fixture
def open_window(chromium, request):
    """Opens fresh browser windows on a server; what goes wrong in them fails the test."""
    windows = []

    def opened(server):
        context = chromium.new_context(viewport={"width": 1400, "height": 900})
        context.set_default_timeout(90_000)  # a job beside a busy test machine takes its time
        windows.append(LabPage(context.new_page(), server))
        return windows[-1]

    yield opened
    name = request.node.name
    wrong = request.node.stash.get(FAILED, False) or any(window.errors for window in windows)
    for place, window in enumerate(windows):
        if wrong:
            keep(window, f"{name}-{place}")
        window.page.context.close()
    assert [error for window in windows for error in window.errors] == []


@pytest.fixture
def page(lab, open_window):
    """A fresh browser window, with the settings of a new user."""
    lab.forget_settings()
    return open_window(lab)


def keep(window, name):
    """Leave a screenshot and the server's log."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    window.page.screenshot(path=ARTIFACTS / f"{name}.png")
    shutil.copy(window.server.log, ARTIFACTS / f"{name}.log")
