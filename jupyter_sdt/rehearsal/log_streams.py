"""What a container prints, as CloudWatch Logs holds it: one stream for each node."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_sdt.launch.remote.service import LOG_GROUP
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.log_reader import LogReader
from jupyter_sdt.store.metric_reader import MetricReader

# Limits of PutLogEvents.
_MOST_EVENTS = 1000
_TAGGED = ("mpi", "smdataparallel", "pytorchddp", "modelparallel")


@dataclass
class LogStreams:
    """Copies the ranks' new lines, and the records that our runtime would print in an image."""

    client: Any
    spec: JobSpec
    directory: JobDirectory
    first_rank: int = 0  # of these ranks in the whole job
    _began: int = field(default_factory=lambda: int(time.time()), init=False)
    _readers: dict[int, LogReader] = field(default_factory=dict, init=False)
    _metrics: MetricReader | None = field(default=None, init=False)

    def open(self) -> None:
        """Make the group where there is none, and a stream for each node."""
        # A second run of a spot job within the same second goes on in the same stream.
        there = self.client.exceptions.ResourceAlreadyExistsException
        with contextlib.suppress(there):
            self.client.create_log_group(logGroupName=LOG_GROUP)
        for node in self.spec.nodes:
            with contextlib.suppress(there):
                self.client.create_log_stream(
                    logGroupName=LOG_GROUP, logStreamName=self._stream(node)
                )

    def copy(self, *, ended: bool = False) -> None:
        """Copy what is new; at the end also lines without a line's end."""
        lines: dict[str, list[str]] = {}
        for rank in range(self.spec.world_size):
            reader = self._readers.setdefault(rank, LogReader(self.directory, rank))
            new = reader.finish() if ended else reader.read()
            lines.setdefault(self._node(rank), []).extend(self._tagged(rank, new))
        for record in self._records():
            told = replace(record, rank=self.first_rank + record.rank).to_line()
            lines.setdefault(self._node(record.rank), []).append(told.decode().strip())
        for node, texts in lines.items():
            self.write(node, texts)

    def write(self, node: str, texts: list[str]) -> None:
        """Put lines into a node's stream."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": text or " "} for text in texts]
        for first in range(0, len(events), _MOST_EVENTS):
            self.client.put_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=self._stream(node),
                logEvents=events[first : first + _MOST_EVENTS],
            )

    def _records(self) -> list[MetricRecord]:
        self._metrics = self._metrics or MetricReader(self.directory)
        # What a regex found in the logs is found again by whoever reads them.
        return [record for record in self._metrics.read() if record.source != "regex"]

    def _tagged(self, rank: int, lines: Iterator[str]) -> Iterator[str]:
        if self.spec.distribution.strategy not in _TAGGED:
            return lines
        return (f"[1,mpirank:{rank},{self._node(rank)}]<stdout>:{line}" for line in lines)

    def _node(self, rank: int) -> str:
        return self.spec.nodes[rank // self.spec.processes_per_node]

    def _stream(self, node: str) -> str:
        return f"{self.spec.job_name}/{node}-{self._began}"
