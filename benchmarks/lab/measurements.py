"""The four measurements, each in a real JupyterLab in a real Chromium."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frames import CATEGORIES, frame_costs
from jobs import LongJob
from lab_page import LabPage

STREAM_SECONDS, POINTS_PER_SECOND, WATCHED = 8.0, 50, 40
# Says when the title of the chart tells a value, and the frame after that has been painted.
PAINTED = """value => new Promise(resolve => {
    const look = () => {
        const title = document.querySelector('.sdt-Page .sdt-Chart-title')?.textContent ?? '';
        if (!title.endsWith(' ' + value)) {
            requestAnimationFrame(look);
            return;
        }
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => resolve(Date.now() / 1000);
            channel.port2.postMessage(null);
        });
    };
    look();
})"""
# From an action in a loaded JupyterLab to the frame after the first row that fits; milliseconds.
FIRST_ROW = """([action, name]) => new Promise(resolve => {
    const begin = performance.now();
    const look = () => {
        const row = document.querySelector('.sdt-JobRow .sdt-JobRow-name');
        if (!row?.offsetParent || !row.textContent.startsWith(name)) {
            requestAnimationFrame(look);
            return;
        }
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => resolve(performance.now() - begin);
            channel.port2.postMessage(null);
        });
    };
    if (action === 'open') {
        window.jupyterapp.commands.execute('jupyter-sdt:show-panel');
    } else {
        const box = document.querySelector('.sdt-Panel input[type=search]');
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, name);
        box.dispatchEvent(new Event('input', { bubbles: true }));
    }
    look();
})"""


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Milliseconds of main thread per frame: by the clock and of processor."""

    wall: list[float]
    cpu: list[float]


def open_page(window: LabPage, job: LongJob, *, by_rank: bool) -> float:
    """Open a job's page and wait for its curve; returns the seconds that took."""
    name = job.directory.job_name
    begin = time.monotonic()
    window.execute("jupyter-sdt:open-job", jobName=name)
    page = window.page.locator(".sdt-Page").last
    page.locator(".uplot canvas").first.wait_for(timeout=120_000)
    taken = time.monotonic() - begin
    if by_rank:
        page.get_by_label("Each rank").check()
        page.get_by_text("rank 15").first.wait_for()
    return taken


def measure_frames(browser: Any, window: LabPage, append: Callable[[], object]) -> Frames:
    """Call ``append`` 50 times a second while the page shows the job's chart."""
    stream = threading.Thread(target=_stream, args=(append,), daemon=True)
    browser.start_tracing(page=window.page, categories=CATEGORIES)
    stream.start()
    while stream.is_alive():
        window.page.wait_for_timeout(200)
    wall, cpu = frame_costs(browser.stop_tracing())
    return Frames(wall=wall, cpu=cpu)


def measure_latency(window: LabPage, job: LongJob) -> list[float]:
    """Seconds from the write of a metric to the frame that shows it, at random moments."""
    found = []
    for number in range(WATCHED):
        time.sleep(0.1 + 0.1 * random.random())
        value = 2 + number  # no other value looks like it
        handle = window.page.evaluate_handle(f"() => ({{ seen: ({PAINTED})('{value}') }})")
        written = time.time()
        job.append(float(value))
        found.append(window.page.evaluate("({ seen }) => seen", handle) - written)
    return found


def measure_list(window: LabPage, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds to the first row painted: of the panel opened, and of the list asked for anew.

    JupyterLab has loaded. The list is asked for anew by a search, whose first row is another one.
    """
    window.open_lab("list")
    window.execute("jupyter-sdt:show-panel")
    window.page.locator(".sdt-JobRow").first.wait_for(timeout=60_000)
    opened, asked = [], []
    for number in range(rounds):
        window.execute("application:toggle-left-area")
        window.page.wait_for_timeout(500)
        opened.append(window.page.evaluate(FIRST_ROW, ["open", ""]) / 1000)
        window.page.wait_for_timeout(500)
        asked.append(window.page.evaluate(FIRST_ROW, ["search", f"old-{number + 1}"]) / 1000)
    return opened, asked


def share_below(values: list[float], limit: float) -> float:
    """How many of the values are below a limit, from 0 to 1."""
    return statistics.fmean(value < limit for value in values)


def _stream(append: Callable[[], object]) -> None:
    end = time.monotonic() + STREAM_SECONDS
    due = time.monotonic()
    while due < end:
        append()
        due += 1 / POINTS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
