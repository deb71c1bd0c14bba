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
# autolog writes a record this often on a CPU (jupyter_sdt.runtime.autolog).
_RECORD_SECONDS = 0.05
_STEPS_EACH, _WARMUP_STEPS = 8000, 500

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
# The step is short, so that microseconds show, and every step is timed by itself: some of them
# write a record, which the job's metrics tell.
_STEPS = """
import json, time
import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)
layers = [layer for _ in range(6) for layer in (nn.Linear(32, 32), nn.ReLU())]
model = nn.Sequential(*layers, nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
data = torch.randn(16, 32)
taken = []
for step in range({steps}):
    before = time.perf_counter_ns()
    optimizer.zero_grad()
    model(data).square().mean().backward()
    optimizer.step()
    taken.append(time.perf_counter_ns() - before)
with open("result.json", "w") as file:
    json.dump(taken, file)
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

    @property
    def autolog_percents(self) -> list[float]:
        """Share of a step of 10 ms, by pairs of jobs."""
        return [100 * us * 1e-6 / _STEP_SECONDS for us in self.autolog_us]


def measure_costs(folder: Path, *, rounds: int) -> RuntimeCosts:
    """Run the jobs one after the other."""
    calls = json.loads(_result(_run(folder, "log", _LOG_METRICS.format(rounds=5000))))
    latencies = sorted(_latencies(folder, records=200))
    return RuntimeCosts(
        log_metrics_us=statistics.median(calls["ours"]) / 1e3,
        log_metrics_p99_us=calls["ours"][int(0.99 * len(calls["ours"]))] / 1e3,
        write_floor_us=statistics.median(calls["floor"]) / 1e3,
        metric_latency_p50_s=statistics.median(latencies),
        metric_latency_p99_s=latencies[int(0.99 * len(latencies))],
        autolog_us=[_autolog_microseconds(folder, number) for number in range(rounds)],
    )


def _autolog_microseconds(folder: Path, number: int) -> float:
    """What hooks cost in every step, and records in those that write one, per step of 10 ms."""
    source = _STEPS.format(steps=_STEPS_EACH)
    off = _run(folder, f"steps-{number}-off", source, {"SDT_AUTOLOG": "0"})
    on = _run(folder, f"steps-{number}-on", source)
    bare = statistics.median(json.loads(_result(off))[_WARMUP_STEPS:])
    recorded = {record.step for record in on.metrics() if record.source == "autolog"}
    kinds: tuple[list[int], list[int]] = ([], [])
    for step, nanoseconds in enumerate(json.loads(_result(on)), start=1):
        if step > _WARMUP_STEPS:
            kinds[step in recorded].append(nanoseconds)
    plain, recording = map(statistics.median, kinds)
    each_step = plain - bare + (recording - plain) * _STEP_SECONDS / _RECORD_SECONDS
    return each_step / 1e3


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
