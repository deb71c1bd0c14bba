"""What a job on SageMaker costs its user in waiting, beside SageMaker's own SDK.

.venv/bin/python benchmarks/sagemaker/main.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from following import describes_per_10_seconds, log_latencies
from peer import PEER, sdk_python
from shared_report import report
from submitting import Times, bare_boto3, ours, submitter
from watched import Watched, watch_many

from jupyter_sdt import PyTorch, list_jobs
from jupyter_sdt.rehearsal import Conditions, Rehearsal, rehearse

SOURCE_BYTES = 1_000_000
_PRINTING = "import time\nprint('ready', flush=True)\ntime.sleep(3600)\n"


@dataclass
class Measured:
    """Times of both ways, round by round."""

    ours: list[Times] = field(default_factory=list)
    sdk: list[Times] = field(default_factory=list)
    floor: list[Times] = field(default_factory=list)
    ours_cold: list[Times] = field(default_factory=list)
    sdk_cold: list[Times] = field(default_factory=list)
    floor_cold: list[Times] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    describes: float = float("nan")
    watched: Watched | None = None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 7")
    rounds = 3 if parser.parse_args().quick else 7
    sdk = sdk_python()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDT_JOBS_DIR"] = f"{folder}/jobs"
        measured = Measured()
        # Jobs stay in their first phase: what is measured ends when they are accepted.
        with rehearse(conditions=Conditions(starting_seconds=3600)) as service:
            _submit(measured, service, sdk, _source(Path(folder)), rounds)
        with rehearse(conditions=Conditions(starting_seconds=0.0)) as service:
            _follow(measured, service, Path(folder), rounds)
        with rehearse(conditions=Conditions(starting_seconds=3600)) as service:
            _watch(measured, service, Path(folder))
    print(report.table(_figures(measured)))
    print(_conditions(rounds))
    print(report.last_line(_results(measured)))


def _submit(measured: Measured, service: Rehearsal, sdk: Path, source: Path, rounds: int) -> None:
    client = _client(service, "sagemaker")
    bucket = _client(service, "s3")
    bucket.create_bucket(Bucket="bucket")
    environment = {**service.environment, **_without_telemetry(source.parent)}
    ways = {"ours": ours(), "sdk": (sdk, "submit_sdk.py"), "floor": bare_boto3()}
    for number in range(rounds):
        for way, (python, script) in ways.items():
            with submitter(python, script, source, environment) as process:
                cold = process.submit(f"{way}-cold-{number}", client)
                warm = process.submit(f"{way}-warm-{number}", client)
            getattr(measured, f"{way}_cold").append(cold)
            getattr(measured, way).append(warm)
            print(f"round {number + 1}, {way}: {warm.accepted:.2f} s", flush=True)
    for job in list_jobs():  # their supervisors would look for the service for ever
        job.stop(wait=True)


def _without_telemetry(folder: Path) -> dict[str, str]:
    """The SDK reports each call to a bucket of AWS, which no rehearsal has."""
    config = folder / "config.yaml"
    config.write_text(
        "SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n"
    )
    return {
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }


def _follow(measured: Measured, service: Rehearsal, folder: Path, rounds: int) -> None:
    calls = _counted(service)
    job = _estimator(folder).start(job_name="followed")
    measured.latencies = log_latencies(job, _client(service, "logs"), 3 * rounds)
    measured.describes = describes_per_10_seconds(calls, 30)
    job.stop(wait=True)


def _watch(measured: Measured, service: Rehearsal, folder: Path) -> None:
    calls = _counted(service)
    measured.watched = watch_many(_estimator(folder), _client(service, "sagemaker"), calls)


def _counted(service: Rehearsal) -> Counter[str]:
    """How often each job is described from now on; its bucket is there then."""
    calls: Counter[str] = Counter()
    service.on_describe = lambda name: calls.update([name])
    _client(service, "s3").create_bucket(Bucket="bucket")
    return calls


def _estimator(folder: Path) -> PyTorch:
    entry_point = folder / "printing.py"
    entry_point.write_text(_PRINTING)
    return PyTorch(
        entry_point=str(entry_point),
        role="arn:aws:iam::123456789012:role/Training",
        instance_type="ml.m5.large",
        instance_count=1,
        framework_version="2.5.1",
        py_version="py311",
        output_path="s3://bucket/out",
    )


def _source(folder: Path) -> Path:
    source = folder / "source"
    source.mkdir()
    (source / "train.py").write_text("print('hello')\n")
    # What cannot be compressed, so that a megabyte travels.
    (source / "weights.bin").write_bytes(os.urandom(SOURCE_BYTES))
    return source


def _client(service: Rehearsal, name: str) -> Any:
    os.environ.update(service.environment)
    return boto3.client(name)


def _figures(measured: Measured) -> list[Any]:
    accepted = [t.accepted for t in measured.ours], [t.accepted for t in measured.sdk]
    starts = [t.from_start for t in measured.ours_cold], [t.from_start for t in measured.sdk_cold]
    return [
        report.Figure(
            name="fit() to accepted, ours",
            values=accepted[0],
            floor=_median([t.accepted for t in measured.floor]),
            goal=_median(accepted[1]) / 2,
        ),
        report.Figure(name=f"fit() to accepted, {PEER}", values=accepted[1]),
        report.Figure(
            name="fit(wait=False) returns, ours", values=[t.returned for t in measured.ours]
        ),
        report.Figure(
            name="fit(wait=False) returns, SDK", values=[t.returned for t in measured.sdk]
        ),
        report.Figure(
            name="python started to first job accepted, ours",
            values=starts[0],
            floor=_median([t.from_start for t in measured.floor_cold]),
            goal=_median(starts[1]) / 4,
        ),
        report.Figure(name="python started to first job accepted, SDK", values=starts[1]),
        report.Figure(name="line in CloudWatch to notebook", values=measured.latencies, goal=3),
        report.Figure(
            name="DescribeTrainingJob a job and 10 s",
            values=[measured.describes],
            unit="",
            goal=1,
        ),
        *_watched_figures(measured.watched),
    ]


def _watched_figures(watched: Watched | None) -> list[Any]:
    if watched is None:
        return []
    figures = {
        ("all ended on the service to all seen here", "s", None): watched.all_ended_s,
        ("DescribeTrainingJob a job and 10 s", "", 1): watched.describes_per_10_s,
        ("memory of all supervisors", "MB", None): watched.shared_mb,
        ("processor of all supervisors", "cores", None): watched.cores,
    }
    return [
        report.Figure(name=f"{watched.jobs} jobs: {name}", values=[value], unit=unit, goal=goal)
        for (name, unit, goal), value in figures.items()
    ]


def _results(measured: Measured) -> dict[str, float]:
    return {
        "submit_sdk_ratio": _ratio(
            [t.accepted for t in measured.ours], [t.accepted for t in measured.sdk]
        ),
        "import_sdk_ratio": _ratio(
            [t.from_start for t in measured.ours_cold], [t.from_start for t in measured.sdk_cold]
        ),
        "submit_floor_s": _median([t.accepted for t in measured.floor]),
        "import_floor_s": _median([t.from_start for t in measured.floor_cold]),
        "log_latency_s": _median(measured.latencies),
        "describes_per_10_s": measured.describes,
        "submit_s": _median([t.accepted for t in measured.ours]),
        "return_s": _median([t.returned for t in measured.ours]),
        **_watched_results(measured.watched),
    }


def _watched_results(watched: Watched | None) -> dict[str, float]:
    if watched is None:
        return {}
    return {
        "watched_jobs": watched.jobs,
        "watched_all_ended_s": watched.all_ended_s,
        "watched_describes_per_10_s": watched.describes_per_10_s,
        "watched_mb": watched.shared_mb,
        "watched_cores": watched.cores,
    }


def _ratio(mine: list[float], peer: list[float]) -> float:
    """Our time over the peer's, round by round, its median."""
    return _median([a / b for a, b in zip(mine, peer, strict=True)])


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else float("nan")


def _conditions(rounds: int) -> str:
    load = os.getloadavg()[0]
    return (
        f"{rounds} rounds, {os.cpu_count()} cores, load {load:.1f}, Python "
        f"{platform.python_version()}; both against the rehearsal service on this machine: no "
        "network, so what is left is the client's own work"
    )


if __name__ == "__main__":
    main()
