"""The list of jobs is told by the server: what changes shows without the page asking."""

from __future__ import annotations

import os
import re

import pytest
from server_support import Store, record
from support import Jobs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def store(page):
    return Store(Jobs(page.server.jobs))


def row(page, name):
    return page.page.locator(".sdt-JobRow", has_text=name)


def finish(store, directory):
    store.end(directory)
    os.close(store.locks.pop())


def watch_a_life(page, store):
    """A job comes, makes a step, ends and goes, and the list shows it."""
    directory = store.running(job_name="told")
    row(page, "told").locator('[data-status="InProgress"]').wait_for()
    record(directory, 7)
    row(page, "told").get_by_text("step 7").wait_for()
    page.page.get_by_text("1 job training").wait_for()
    finish(store, directory)
    row(page, "told").locator('[data-status="Completed"]').wait_for()
    page.page.get_by_text("1 job training").wait_for(state="detached")
    page.page.get_by_text("told: Completed").first.wait_for()
    directory.path.rename(directory.path.with_name(".gone"))
    row(page, "told").wait_for(state="detached")


def test_a_socket_tells_what_changes_and_the_page_asks_for_nothing(page, store):
    finish(store, store.running(job_name="before"))
    with page.page.expect_websocket(lambda made: "/jupyter-sdt/stream" in made.url) as made:
        page.open_lab("live")
    page.execute("jupyter-sdt:show-panel")
    row(page, "before").wait_for()
    assert not made.value.is_closed()
    asked = []
    page.page.on("request", lambda request: asked.append(request.url))
    watch_a_life(page, store)
    assert [url for url in asked if "/jupyter-sdt/jobs?" in url] == []


def test_without_a_socket_the_page_asks(page, store):
    page.page.route_web_socket(re.compile("/jupyter-sdt/stream"), lambda socket: socket.close())
    page.open_lab("asking")
    page.execute("jupyter-sdt:show-panel")
    page.page.get_by_text("No jobs yet.").wait_for()
    watch_a_life(page, store)
