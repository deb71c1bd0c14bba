"""The four measurements, each in a real JupyterLab in a real Chromium."""

from __future__ import annotations

import random
import statistics
import threading
import time
from dataclasses import dataclass
from typing import Any

from frames import CATEGORIES, frame_costs
from jobs import LongJob
from lab_page import LabPage
from lab_server import TOKEN

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
# When the list was asked for, and when its first row had been painted; in ms of the page.
FIRST_ROW = """() => {
    const seen = new MutationObserver(() => {
        if (document.querySelector('.sdt-JobRow') && !window.sdtPainted) {
            window.sdtPainted = -1;
            requestAnimationFrame(() => {
                const channel = new MessageChannel();
                channel.port1.onmessage = () => { window.sdtPainted = performance.now(); };
                channel.port2.postMessage(null);
            });
        }
    });
    seen.observe(document, { childList: true, subtree: true });
}"""
LIST_TIMES = """() => {
    const asked = performance.getEntriesByType('resource')
        .filter(entry => /jupyter-sdt\\/jobs\\?/.test(entry.name))[0];
    return [asked.startTime, asked.responseEnd, window.sdtPainted];
}"""


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


def measure_frames(browser: Any, window: LabPage, job: LongJob) -> Frames:
    """Stream 50 steps a second of all ranks into the page's chart."""
    stream = threading.Thread(target=_stream, args=(job,), daemon=True)
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


def measure_list(window: LabPage, rounds: int) -> list[tuple[float, float]]:
    """Seconds from the page's request for the list to its answer, and to the first row painted."""
    window.page.add_init_script(f"({FIRST_ROW})()")
    found = []
    for _ in range(rounds):
        window.page.goto(f"{window.server.base}lab/workspaces/list?token={TOKEN}")
        window.page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)")
        window.execute("jupyter-sdt:show-panel")
        window.page.wait_for_function("() => window.sdtPainted > 0", timeout=60_000)
        asked, answered, painted = window.page.evaluate(LIST_TIMES)
        found.append(((answered - asked) / 1000, (painted - asked) / 1000))
    return found


def share_below(values: list[float], limit: float) -> float:
    """How many of the values are below a limit, from 0 to 1."""
    return statistics.fmean(value < limit for value in values)


def _stream(job: LongJob) -> None:
    end = time.monotonic() + STREAM_SECONDS
    due = time.monotonic()
    while due < end:
        job.append()
        due += 1 / POINTS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
