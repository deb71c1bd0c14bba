"""Metrics of a job from CloudWatch, for whoever may not read its logs.

SageMaker applies the expressions of ``metric_definitions`` itself and keeps the values there, one
a minute; the last ones are in DescribeTrainingJob.
https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_sdt.launch.remote.service import METRIC_NAMESPACE, Service
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.files import append_privately
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.regex_metrics import FILE_NAME

_PERIOD_SECONDS = 60
_ID = "m"  # of a query; the API wants a letter first
_Point = tuple[float, float]  # seconds since the epoch, value


@dataclass(slots=True)
class RemoteMetrics:
    """Copies what CloudWatch holds of a job's metrics to where those of its logs would be."""

    service: Service
    spec: JobSpec
    directory: JobDirectory
    _last: dict[str, float] = field(default_factory=dict, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics that the job defines; without any there is nothing to ask for."""
        return tuple(metric.name for metric in self.spec.metric_definitions)

    def copy(self, *, ended: bool = False) -> int:
        """Copy points that are new, and return their number. Raises what boto3 raises.

        The minute that has not passed may still change, so it waits unless the job has ``ended``.
        """
        if not self.names:
            return 0
        now = time.time()
        last = min((self._last.get(name, 0.0) for name in self.names), default=0.0)
        since = max(last, self.spec.created_seconds - _PERIOD_SECONDS)
        until = now + _PERIOD_SECONDS if ended else now - _PERIOD_SECONDS
        asked = self._question(since, until)
        pages = self.service.client("cloudwatch").get_paginator("get_metric_data")
        copied = 0
        for page in pages.paginate(**asked):
            for told in page["MetricDataResults"]:
                times = [moment.timestamp() for moment in told["Timestamps"]]
                name = self.names[int(told["Id"].removeprefix(_ID))]
                copied += self._keep(name, zip(times, told["Values"], strict=True))
        return copied

    def copy_final(self, described: Mapping[str, Any]) -> int:
        """Copy the very last values, which the minutes only average; returns their number."""
        copied = 0
        for metric in described.get("FinalMetricDataList") or ():
            moment = metric.get("Timestamp")
            when = moment.timestamp() if moment is not None else time.time()
            # CloudWatch dates values back to the beginning of their minute.
            copied += self._keep(metric["MetricName"], [(when, float(metric["Value"]))])
        return copied

    def _question(self, since: float, until: float) -> dict[str, Any]:
        dimensions = [{"Name": "TrainingJobName", "Value": self.spec.job_name}]
        metrics = [
            {"Namespace": METRIC_NAMESPACE, "MetricName": name, "Dimensions": dimensions}
            for name in self.names
        ]
        queries = [
            {
                "Id": f"{_ID}{number}",
                "MetricStat": {"Metric": metric, "Period": _PERIOD_SECONDS, "Stat": "Average"},
            }
            for number, metric in enumerate(metrics)
        ]
        start, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (since, until))
        return {
            "MetricDataQueries": queries,
            "StartTime": start,
            "EndTime": end,
            "ScanBy": "TimestampAscending",
        }

    def _keep(self, name: str, points: Iterable[_Point]) -> int:
        last = self._last.get(name, 0.0)
        new = sorted((when, value) for when, value in points if when > last)
        lines = [self._line(name, when, value) for when, value in new]
        if lines:
            with append_privately(self.directory.metrics / FILE_NAME) as file:
                file.write(b"".join(lines))
            self._last[name] = new[-1][0]
        return len(lines)

    def _line(self, name: str, when: float, value: float) -> bytes:
        told = value if math.isfinite(value) else None
        record = MetricRecord(time=when, rank=0, step=None, values={name: told}, source="regex")
        return record.to_line()
