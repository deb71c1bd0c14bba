"""Logs of ranks: of any length, searched by the server, followed, and to download."""

from __future__ import annotations

import os
import re

import psutil
import pytest
from server_support import Store
from support import Jobs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LINES = 3_500_000
MEGABYTE = 1 << 20


@pytest.fixture
def huge(lab):
    """A job that has ended, whose rank 0 printed 200 MB."""
    store = Store(Jobs(lab.jobs))
    directory = store.ended(job_name="huge-log")
    os.close(store.locks.pop())
    block = b"".join(
        b"%07d an ordinary line of output with some numbers 0.5\n" % n for n in range(10_000)
    )
    with directory.log(0).open("wb") as file:
        for _ in range(LINES // 10_000):
            file.write(block)
        file.write(b"Traceback (most recent call last):\n  in f\nRuntimeError: at the end\n")
    assert directory.log(0).stat().st_size > 190 * MEGABYTE
    yield directory
    directory.log(0).unlink()


def memory_of(lab) -> float:
    """Megabytes of the server itself."""
    return psutil.Process(lab.process.pid).memory_info().rss / MEGABYTE


def heap_of(page) -> float:
    """Megabytes of the page's objects."""
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "JSHeapUsedSize") / MEGABYTE


def test_200_megabytes_are_scrolled_searched_and_downloaded(page, lab, huge):
    page.write_notebook("huge.ipynb", ["1"])
    page.open_notebook("huge.ipynb")
    before, server_before = heap_of(page), memory_of(lab)
    page.execute("jupyter-sdt:open-job", jobName="huge-log")
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Logs").click()
    job.get_by_text(f"{LINES + 3} lines").wait_for()
    log = job.get_by_role("log")
    log.get_by_text("RuntimeError: at the end").wait_for()
    page.picture("log-end")
    rows = log.locator(".sdt-Log-line")
    assert rows.count() < 100
    log.evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")
    middle = page.page.locator(".sdt-Log-number", has_text=re.compile(r"^17(49|50)\d\d\d$"))
    rows.filter(has=middle, has_text="an ordinary line").first.wait_for()
    assert not job.get_by_label("Follow").is_checked()

    job.get_by_role("combobox", name="Lines").select_option("error")
    job.get_by_text("3 lines found", exact=True).wait_for()
    page.picture("log-errors")
    job.get_by_role("button", name=f"Show line {LINES + 3} among the others").click()
    log.get_by_text("an ordinary line").first.wait_for()
    log.get_by_text("RuntimeError: at the end").wait_for()

    with page.page.expect_download() as download:
        job.get_by_role("link", name="Download").click()
    size = download.value.path().stat().st_size
    assert size == huge.log(0).stat().st_size
    assert heap_of(page) - before < 60
    assert memory_of(lab) - server_before < 150


def test_a_log_is_followed_while_it_grows(page, lab):
    store = Store(Jobs(lab.jobs))
    directory = store.running(job_name="growing-log")
    directory.log(0).write_text("first line\n")
    page.write_notebook("growing.ipynb", ["1"])
    page.open_notebook("growing.ipynb")
    page.execute("jupyter-sdt:open-job", jobName="growing-log")
    job = page.page.locator(".sdt-Page")
    job.get_by_role("tab", name="Logs").click()
    job.get_by_text("first line").wait_for()
    with directory.log(0).open("a") as file:
        file.writelines(f"line {number}\n" for number in range(500))
    job.get_by_text("line 499").wait_for()
    with directory.log(0).open("a") as file:
        file.write("the newest\n")
    job.get_by_text("the newest").wait_for()
    store.end(directory)
    os.close(store.locks.pop())
    job.locator('[data-status="Completed"]').wait_for()
