"""Pipe channels: a FIFO for each epoch, fed by a process of its own.

A script opens ``<channel>_0``, reads to the end, closes it and opens ``<channel>_1`` for a new
pass. As on SageMaker a FIFO has one reader; a script with several ranks on a node lets one of
them read, or uses one channel for each. Objects of S3 are streamed, never kept here.
"""

from __future__ import annotations

import gzip
import itertools
import os
import shutil
import signal
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.local_channels import node_share, pipe_path
from jupyter_sdt.launch.channels.pipe_units import Part, Sources, Unit
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

# https://mxnet.apache.org/versions/1.9.1/architecture/note_data_loading: magic number, length,
# content, filled up to four bytes.
_RECORD_HEAD = struct.Struct("<II")
_RECORD_MAGIC = 0xCED7230A
# The upper three bits of the length say which part of a record this is; 0 is a whole one.
_LONGEST_RECORD = (1 << 29) - 1
# Fewer than the connections that a client of S3 keeps.
_OPENED_AHEAD = 6


def pipe_feeders(spec: JobSpec, directory: JobDirectory) -> dict[str, Callable[[], None]]:
    """Return an endless feeder for each node and Pipe channel, to run in a process of its own.

    The keys say what each one feeds.

    A feeder waits for a reader most of its life and is ended by SIGTERM. It raises OSError or
    LaunchError when an object can no longer be read; its reader would take what came so far for
    the whole epoch, so the job must not be left running then.
    """
    return {
        f"{channel.name!r} of {node}": partial(feed, spec, directory, node, channel)
        for node in spec.nodes
        for channel in spec.channels
        if channel.input_mode == "Pipe"
    }


def feed(spec: JobSpec, directory: JobDirectory, node: str, channel: Channel) -> None:
    """Feed one channel of one node, epoch after epoch."""
    # A handler inherited from the supervisor would only interrupt the wait for a reader.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    folder = directory.node(node) / "input" / "data"
    feeder = Feeder(channel, Sources())
    units = feeder.sources.units(channel)
    for epoch in itertools.count():
        # The next FIFO is there before this one ends, so that a reader finds it at once.
        for number in (epoch, epoch + 1):
            _make_pipe(pipe_path(folder, channel, number))
        share = node_share(spec, channel, node, units, epoch)
        feeder.feed_epoch(share, pipe_path(folder, channel, epoch))


def _make_pipe(path: Path) -> None:
    if not path.exists():
        os.mkfifo(path, 0o600)


class Feeder:
    """Writes the parts of one channel as its settings say."""

    def __init__(self, channel: Channel, sources: Sources) -> None:
        self.sources = sources
        self._channel = channel

    def feed_epoch(self, units: tuple[Unit, ...], path: Path) -> None:
        """Wait for a reader and write ``units``; a reader that closes early has had enough."""
        try:
            # Not Path.open(), which would create a plain file if somebody removed the FIFO.
            with os.fdopen(os.open(path, os.O_WRONLY), "wb") as pipe:
                # Whoever opens an old epoch now gets an error instead of waiting for ever.
                path.unlink()
                for reader in self._opened(tuple(itertools.chain.from_iterable(units))):
                    self._write(reader, pipe)
        except BrokenPipeError:
            return

    def _write(self, reader: BinaryIO, pipe: BinaryIO) -> None:
        with reader:
            if self._channel.record_wrapping == "RecordIO":
                _write_record(reader.read(), pipe)
            else:
                shutil.copyfileobj(reader, pipe)

    def _opened(self, parts: tuple[Part, ...]) -> Iterator[BinaryIO]:
        if any(isinstance(part, str) for part in parts):
            return opened_ahead(self._open, parts)
        return map(self._open, parts)

    def _open(self, part: Part) -> BinaryIO:
        opened = self.sources.open(part)
        if self._channel.compression == "Gzip" and not isinstance(part, bytes):
            return cast("BinaryIO", gzip.GzipFile(fileobj=opened))
        return opened


def opened_ahead(
    open_part: Callable[[Part], BinaryIO], parts: Iterable[Part]
) -> Iterator[BinaryIO]:
    """Yield all parts in order, some opened before their turn: each object costs a round trip."""
    waiting: deque[Future[BinaryIO]] = deque()
    with ThreadPoolExecutor(_OPENED_AHEAD) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(open_part, part))
                if len(waiting) > _OPENED_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for opening in waiting:
                if not opening.cancel() and opening.exception() is None:
                    opening.result().close()


def _write_record(content: bytes, pipe: BinaryIO) -> None:
    if len(content) > _LONGEST_RECORD:
        raise LaunchError(f"{len(content)} bytes are more than a RecordIO record can hold")
    pipe.write(_RECORD_HEAD.pack(_RECORD_MAGIC, len(content)))
    pipe.write(content + bytes(-len(content) % 4))
