"""What the runtime costs inside a rank, and how soon a follower sees a metric.

The jobs are real ones, each of one rank; what they measure they leave in a file.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_sdt import Estimator, TrainingJob
from jupyter_sdt.store.metric_reader import MetricReader

# The kernel's live view looks this often (jupyter_sdt.notebook.watching).
FOLLOWER_POLL_SECONDS = 0.03
_STEP_SECONDS = 0.010

_LOG_METRICS = """
import json, os, time
from jupyter_sdt.runtime import log_metrics

def cost(call, rounds={rounds}):
    taken = []
    for step in range(rounds):
        before = time.perf_counter_ns()
        call(step)
        taken.append(time.perf_counter_ns() - before)
    return sorted(taken[rounds // 10:])

floor_file = os.open("floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
line = b'{{"time":1700000000.123456,"rank":0,"step":1,"source":"script",'
line += b'"values":{{"loss":0.5,"accuracy":0.25}}}}\\n'
log_metrics(step=0, loss=0.5)
results = {{
    "ours": cost(lambda step: log_metrics(step=step, loss=0.5, accuracy=0.25)),
    "floor": cost(lambda step: os.write(floor_file, line)),
}}
with open("result.json", "w") as file:
    json.dump(results, file)
"""

# Hooks stay once they are there, so each job is either with or without them, and they alternate.
# The step takes 10 ms, so that as many records a second are written and caches are as cold as in
# real training; the 9 ms of arithmetic that autolog cannot touch are kept out of the sum, which
# makes its microseconds visible. Processor time, because others use this machine as well.
_STEPS = """
import json, time
import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
data = torch.randn(16, 8)

ballast = torch.randn(512, 512)

def fill(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        torch.mm(ballast, ballast)

def processor_seconds(steps):
    total = 0.0
    for _ in range(steps):
        fill({step} - 0.0005)
        before = time.process_time()
        optimizer.zero_grad()
        model(data).square().mean().backward()
        optimizer.step()
        total += time.process_time() - before
    return total / steps

processor_seconds(20)
best = min(processor_seconds(10) for _ in range({blocks}))
with open("result.json", "w") as file:
    json.dump(best, file)
"""

_EMIT = """
import random, time
from jupyter_sdt.runtime import log_metrics

for step in range({records}):
    time.sleep(random.uniform(0.005, 0.03))
    log_metrics(step=step, loss=0.5)
"""


@dataclass(frozen=True, slots=True)
class RuntimeCosts:
    """Medians; seconds, microseconds and percent as the names say."""

    log_metrics_us: float
    log_metrics_p99_us: float
    write_floor_us: float
    metric_latency_p50_s: float
    metric_latency_p99_s: float
    autolog_us: list[float]
    bare_step_us: float

    @property
    def autolog_percents(self) -> list[float]:
        """Share of a step of 10 ms, by pairs of jobs; below zero is noise, as is as much above."""
        return [100 * us * 1e-6 / _STEP_SECONDS for us in self.autolog_us]


def measure_costs(folder: Path, *, rounds: int) -> RuntimeCosts:
    """Run the jobs one after the other."""
    calls = json.loads(_result(_run(folder, "log", _LOG_METRICS.format(rounds=5000))))
    latencies = sorted(_latencies(folder, records=200))
    with_, without = _step_times(folder, rounds)
    return RuntimeCosts(
        log_metrics_us=statistics.median(calls["ours"]) / 1e3,
        log_metrics_p99_us=calls["ours"][int(0.99 * len(calls["ours"]))] / 1e3,
        write_floor_us=statistics.median(calls["floor"]) / 1e3,
        metric_latency_p50_s=statistics.median(latencies),
        metric_latency_p99_s=latencies[int(0.99 * len(latencies))],
        autolog_us=[1e6 * (a - b) for a, b in zip(with_, without, strict=True)],
        bare_step_us=min(without) * 1e6,
    )


def _step_times(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    taken: dict[str, list[float]] = {"1": [], "0": []}
    source = _STEPS.format(step=_STEP_SECONDS, blocks=24)
    for number in range(rounds):
        for switch in ("1", "0"):
            job = _run(folder, f"steps-{number}-{switch}", source, {"SDT_AUTOLOG": switch})
            taken[switch].append(float(_result(job)))
    return taken["1"], taken["0"]


def _latencies(folder: Path, *, records: int) -> list[float]:
    """Seconds from ``log_metrics`` to the record in the hands of a polling follower."""
    job = _start(folder, "emit", _EMIT.format(records=records))
    reader, seen = MetricReader(job.directory), []
    while len(seen) < records and not job.state().terminal:
        found = reader.read()
        now = time.time()
        seen += [now - record.time for record in found]
        time.sleep(FOLLOWER_POLL_SECONDS)
    job.wait()
    return seen


def _run(
    folder: Path, name: str, source: str, environment: dict[str, str] | None = None
) -> TrainingJob:
    job = _start(folder, name, source, environment)
    job.wait()
    return job


def _start(
    folder: Path, name: str, source: str, environment: dict[str, str] | None = None
) -> TrainingJob:
    script = folder / f"{name}.py"
    script.write_text(source)
    return Estimator(entry_point=str(script), environment=environment or {}).start()


def _result(job: TrainingJob) -> str:
    return (job.directory.source / "result.json").read_text()
