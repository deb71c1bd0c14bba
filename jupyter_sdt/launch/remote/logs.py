"""The logs of a job on SageMaker, copied from CloudWatch into the job directory.

Every node has a stream ``<job>/algo-N-<time>``, and another after each restart; node N's lines go
to ``logs/rank-<N-1>.log``. Records that our runtime prints inside an image go to ``metrics/``.
https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.service import Service
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.files import append_all
from jupyter_sdt.store.job_directory import JobDirectory

# What runtime.metrics writes; mpirun and the toolkit may put text of their own before it.
_RECORD = re.compile(r'\{"time":[^{}]*"source":"(?:script|autolog)","values":\{[^{}]*\}\}')
_NODE = re.compile(r"/algo-(\d+)-")
# The service gives at most 10,000 events a page; a node that prints without end must not keep the
# supervisor from everything else.
_MOST_PAGES = 20


@dataclass(slots=True)
class RemoteLogs:
    """Follows all streams of a job, each from where it was left."""

    service: Service
    spec: JobSpec
    directory: JobDirectory
    _tokens: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def found(self) -> bool:
        """Whether any stream is known."""
        return bool(self._tokens)

    def find_streams(self) -> None:
        """Look for streams that are new. Raises what boto3 raises."""
        for name in self.service.log_streams(self.spec.job_name):
            self._tokens.setdefault(name, "")

    def copy(self) -> int:
        """Copy what is new in every known stream; returns the number of events.

        Raises what boto3 raises, LaunchError when the job's files cannot be written; what was
        copied before is not copied again.
        """
        return sum(self._copy_stream(name) for name in list(self._tokens))

    def _copy_stream(self, name: str) -> int:
        copied = 0
        for _ in range(_MOST_PAGES):
            page = self.service.log_page(name, self._tokens[name])
            self._write(_rank_of(name), [text for _, text in page.events])
            copied += len(page.events)
            # The same token again says that the end is reached.
            finished = page.token == self._tokens[name]
            self._tokens[name] = page.token
            if finished:
                break
        # It comes last the next time: when AWS is asked too often, no stream waits for ever.
        self._tokens[name] = self._tokens.pop(name)
        return copied

    def _write(self, rank: int, messages: Iterable[str]) -> None:
        """Put the whole page into the job's files or, when the disk is full, nothing of it."""
        lines: dict[Path, list[bytes]] = {}
        for message in messages:
            text, records = split_records(message)
            if text:
                lines.setdefault(self.directory.log(rank), []).append(f"{text}\n".encode())
            for record in records:
                lines.setdefault(self.directory.metric(record.rank), []).append(record.to_line())
        try:
            append_all({path: b"".join(parts) for path, parts in lines.items()})
        except OSError as error:
            raise LaunchError(
                f"{self.directory.path} cannot be written: {error.strerror}; make room, nothing "
                "is lost meanwhile"
            ) from error


def split_records(message: str) -> tuple[str | None, list[MetricRecord]]:
    """Take metric records out of a line of a log; the text is None when nothing else is in it."""
    records, rest = [], message.rstrip("\r\n")
    for match in _RECORD.findall(rest):
        try:
            records.append(MetricRecord.from_line(match))
        except (KeyError, TypeError, ValueError):
            continue
        rest = rest.replace(match, "", 1)
    if not records:
        return rest or " ", []
    # Only the mark of the rank is left of a line that mpirun tagged.
    bare = re.sub(r"^\[[^\]]*\]<\w+>:?", "", rest).strip()
    return rest if bare else None, records


def _rank_of(stream: str) -> int:
    match = _NODE.search(stream)
    return int(match[1]) - 1 if match else 0
