"""What the charts and lists of JupyterLab hold: frames, latency, first curves, first rows.

``.venv/bin/python benchmarks/lab/main.py [--quick]``; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from jobs import JOBS, POINTS, SERIES, LongJob, fill_store
from lab_page import LabPage, launch_browser
from lab_server import LabServer
from measurements import (
    measure_frames,
    measure_latency,
    measure_list,
    open_page,
    share_below,
)
from playwright.sync_api import sync_playwright

from jupyter_sdt.scaling.conditions import current_conditions

FRAME_MS, LATENCY_SECONDS, LIST_SECONDS, CURVES_SECONDS = 16.0, 0.15, 0.2, 2.0


def main() -> None:
    """Measure everything, print the table, the conditions and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 points and 50 jobs")
    quick = parser.parse_args().quick
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="sdt-lab-", ignore_cleanup_errors=True) as name:
        server = LabServer(Path(name) / "lab")
        try:
            server.wait()
            with sync_playwright() as driver:
                browser = launch_browser(driver)
                figures = _measure(server, browser, points=1000 if quick else POINTS, quick=quick)
                browser.close()
        finally:
            server.close()
    _report(figures)
    print(f"\n{current_conditions(None)}; load before the run {load:.2f}")
    print(json.dumps({key: round(value, 4) for key, (value, _, _) in figures.items()}))


Figures = dict[str, tuple[float, float | None, str]]


def _measure(server: LabServer, browser: Any, *, points: int, quick: bool) -> Figures:
    """Value, goal and unit of each figure."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    window = LabPage(context.new_page(), server)
    job = LongJob(server.jobs, "long", points)
    window.open_lab("charts")
    first = open_page(window, job, by_rank=True)
    frames = measure_frames(browser, window, job.append_point)
    harder = measure_frames(browser, window, job.append)
    latencies = measure_latency(window, job)
    job.end()
    fill_store(server.jobs, 50 if quick else JOBS)
    opened, asked = measure_list(LabPage(context.new_page(), server), 9)
    return {
        "first_curves_seconds": (first, CURVES_SECONDS, "s"),
        "frame_cpu_median_ms": (statistics.median(frames.cpu), FRAME_MS, "ms"),
        "frame_cpu_p95_ms": (_percentile(frames.cpu, 95), FRAME_MS, "ms"),
        "frame_wall_p95_ms": (_percentile(frames.wall, 95), None, "ms"),
        "frames_below_16_ms": (100 * share_below(frames.cpu, FRAME_MS), None, "%"),
        "all_ranks_frame_cpu_median_ms": (statistics.median(harder.cpu), None, "ms"),
        "all_ranks_frame_cpu_p95_ms": (_percentile(harder.cpu, 95), None, "ms"),
        "latency_median_seconds": (statistics.median(latencies), LATENCY_SECONDS, "s"),
        "latency_p95_seconds": (_percentile(latencies, 95), None, "s"),
        "list_opened_median_seconds": (statistics.median(opened), LIST_SECONDS, "s"),
        "list_opened_slowest_seconds": (max(opened), None, "s"),
        "list_asked_median_seconds": (statistics.median(asked), LIST_SECONDS, "s"),
        "list_asked_slowest_seconds": (max(asked), None, "s"),
    }


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _report(figures: Figures) -> None:
    print(f"{SERIES} ranks, {POINTS:,} points each, 50 points a second; {JOBS:,} jobs\n")
    print(f"| {'':32} | {'measured':>10} | {'goal':>8} |\n|---|---|---|")
    for name, (value, goal, unit) in figures.items():
        told = "" if goal is None else f"{goal:g} {unit}"
        print(f"| {name:32} | {value:7.3f} {unit:2} | {told:>8} |")


if __name__ == "__main__":
    main()
