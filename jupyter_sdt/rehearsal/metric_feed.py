"""Metrics of ``MetricDefinitions``, as SageMaker brings them from the log to CloudWatch."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_sdt.launch.remote.service import METRIC_NAMESPACE
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.metric_reader import MetricReader

_SECONDS = 0.5
# Of PutMetricData.
_MOST_VALUES = 1000


@dataclass
class MetricFeed:
    """Puts what the expressions found in a container's logs, with the job's name as dimension."""

    client: Any
    spec: JobSpec
    directory: JobDirectory
    _reader: MetricReader = field(init=False)
    _due: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._reader = MetricReader(self.directory)

    def copy(self, *, ended: bool = False) -> None:
        """Put what is new, not more often than twice a second."""
        now = time.monotonic()
        if not self.spec.metric_definitions or (now < self._due and not ended):
            return
        self._due = now + _SECONDS
        found = [record for record in self._reader.read() if record.source == "regex"]
        values = [value for record in found for value in self._values(record)]
        for first in range(0, len(values), _MOST_VALUES):
            self.client.put_metric_data(
                Namespace=METRIC_NAMESPACE, MetricData=values[first : first + _MOST_VALUES]
            )

    def _values(self, record: MetricRecord) -> list[dict[str, Any]]:
        dimensions = [{"Name": "TrainingJobName", "Value": self.spec.job_name}]
        moment = datetime.fromtimestamp(record.time, UTC)
        return [
            {"MetricName": name, "Dimensions": dimensions, "Timestamp": moment, "Value": value}
            for name, value in record.values.items()
            if value is not None
        ]
