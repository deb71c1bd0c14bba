"""From a line in CloudWatch Logs to the same line in the notebook, and what it costs in calls."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.remote.service import LOG_GROUP

_SETTLE_SECONDS = 8.0


def log_latencies(job: TrainingJob, client: Any, count: int) -> list[float]:
    """Seconds from PutLogEvents accepted to the line readable in the job, ``count`` times."""
    stream = _stream(client, job.name)
    found = []
    for number in range(count):
        text = f"line {number}"
        event = {"timestamp": int(time.time() * 1000), "message": text}
        client.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[event])
        put = time.monotonic()
        while text not in list(job.logs(0)):
            time.sleep(0.01)
        found.append(time.monotonic() - put)
        time.sleep(0.37 * (number % 5))  # not in step with the follower
    return found


def describes_per_10_seconds(calls: Counter[str], seconds: float) -> float:
    """How often the service was asked about each job while ``seconds`` passed, at the most."""
    time.sleep(_SETTLE_SECONDS)  # a new job is asked about more often
    before = calls.copy()
    time.sleep(seconds)
    asked = calls - before
    return max(asked.values(), default=0) * 10 / seconds


def _stream(client: Any, name: str) -> str:
    """The stream of the only node; made here when the container has not done so."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            found = client.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/"
            )["logStreams"]
        except client.exceptions.ResourceNotFoundException:
            found = []
        if found:
            return str(found[0]["logStreamName"])
        time.sleep(0.1)
    raise RuntimeError(f"{name} has no log stream")
