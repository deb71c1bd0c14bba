"""``metric_definitions``: metrics read from the logs by regular expressions.

SageMaker's semantics: each expression is searched in every line that any rank writes to stdout or
stderr, and its first group is the value.
https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.job_spec import MetricDefinition
from jupyter_sdt.spec.metric import MetricRecord
from jupyter_sdt.store.files import append_privately, rank_files
from jupyter_sdt.store.job_directory import JobDirectory
from jupyter_sdt.store.tail import CHUNK_BYTES, Tail

FILE_NAME = "regex.jsonl"
# Expressions may take time quadratic in the length of a line; nobody prints a metric beyond this.
_LONGEST_SEARCHED = 4096


class RegexMetrics:
    """Follows the logs of all ranks and appends what the expressions find to ``regex.jsonl``.

    ``positions`` (rank to bytes already searched) takes up the work of an earlier object. Raises
    SpecError for an expression that cannot be compiled or has no group.
    """

    def __init__(
        self,
        directory: JobDirectory,
        definitions: Iterable[MetricDefinition],
        *,
        positions: Mapping[int, int] | None = None,
    ) -> None:
        self._directory = directory
        self._patterns = {d.name: compile_definition(d) for d in definitions if not d.finds_nothing}
        self._start = dict(positions or {})
        self._tails: dict[int, Tail] = {}

    @property
    def positions(self) -> dict[int, int]:
        """Bytes of each rank's log that have been searched."""
        return {rank: tail.position for rank, tail in self._tails.items()}

    def poll(self) -> None:
        """Search every line that is new since the last call.

        Never raises: text that is no number is passed over, and when the disk is full the values
        are lost but the job goes on.
        """
        if not self._patterns:
            return
        for rank, path in rank_files(self._directory.logs, ".log"):
            tail = self._tails.get(rank)
            if tail is None:
                tail = Tail(path, self._start.get(rank, 0), carriage_returns=True)
                self._tails[rank] = tail
            self._search(rank, tail)

    def finish(self) -> None:
        """Search what is left, last lines without a newline included; all ranks have ended."""
        self.poll()
        for rank, tail in self._tails.items():
            self._append(self._records(rank, [tail.read_rest()]))

    def _search(self, rank: int, tail: Tail) -> None:
        # A rank that prints faster than we search must not keep the caller here for ever.
        left = _size(tail.path) - tail.position
        while left > 0 and (lines := tail.read_lines(CHUNK_BYTES)):
            self._append(self._records(rank, lines))
            left -= CHUNK_BYTES

    def _records(self, rank: int, lines: Iterable[bytes]) -> Iterator[MetricRecord]:
        now = time.time()
        for line in lines:
            text = line[:_LONGEST_SEARCHED].decode(errors="replace")
            values = {name: v for name, p in self._patterns.items() for v in find_value(p, text)}
            if values:
                yield MetricRecord(time=now, rank=rank, step=None, values=values, source="regex")

    def _append(self, records: Iterable[MetricRecord]) -> None:
        content = b"".join(record.to_line() for record in records)
        if not content:
            return
        with (
            contextlib.suppress(OSError),
            append_privately(self._directory.metrics / FILE_NAME) as file,
        ):
            file.write(content)


def compile_definition(definition: MetricDefinition) -> re.Pattern[str]:
    """Compile the expression of a definition. Raises SpecError naming what is wrong with it."""
    argument = "metric_definitions"
    told = f"{argument}: the regex of {definition.name!r}, {definition.regex!r},"
    try:
        pattern = re.compile(definition.regex)
    except re.error as error:
        raise SpecError(f"{told} cannot be compiled: {error}", argument=argument) from None
    if pattern.groups == 0:
        example = f"{definition.regex}([-+0-9.e]+)"
        raise SpecError(
            f"{told} has no group around the value; write for example {example!r}",
            argument=argument,
        )
    return pattern


def find_value(pattern: re.Pattern[str], text: str) -> Iterator[float | None]:
    """Yield the number in the first group of the first match; None stands for NaN or infinity."""
    match = pattern.search(text)
    if match is None or match[1] is None:
        return
    with contextlib.suppress(ValueError):
        value = float(match[1])
        yield value if math.isfinite(value) else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
