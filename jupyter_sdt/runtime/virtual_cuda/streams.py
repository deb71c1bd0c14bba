"""Streams and events: the CPU has done everything when a call returns; an event tells real time."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import torch

from jupyter_sdt.runtime.virtual_cuda.devices import index_of


class Event:
    """A moment. ``elapsed_time`` is real, in milliseconds."""

    def __init__(self, *_arguments: Any, **_options: Any) -> None:
        self._seconds: float | None = None

    def record(self, stream: Any = None) -> None:  # noqa: ARG002 - all streams are one
        """Take the time: what was called before has been done."""
        self._seconds = time.perf_counter()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to another. Raises RuntimeError before both are recorded."""
        if self._seconds is None or end_event._seconds is None:
            raise RuntimeError("Both events must be recorded before calculating elapsed time.")
        return (end_event._seconds - self._seconds) * 1000

    def query(self) -> bool:
        """Whether it has happened."""
        return True

    def wait(self, stream: Any = None) -> None:
        """It has happened."""

    def synchronize(self) -> None:
        """It has happened."""


class Stream:
    """A line of work, as every other one done at once. Usable with ``with``, as torch's."""

    priority = 0
    cuda_stream = 0

    def __init__(self, device: Any = None, *_arguments: Any, **_options: Any) -> None:
        self.device_index = index_of(device)
        self._outer: list[Stream] = []

    @property
    def device(self) -> torch.device:
        """The virtual device it belongs to."""
        return torch.device("cuda", self.device_index)

    @property
    def stream_id(self) -> int:
        """A number of its own."""
        return id(self)

    def query(self) -> bool:
        """Whether everything has been done."""
        return True

    def synchronize(self) -> None:
        """Everything has been done."""

    def wait_event(self, event: Any) -> None:
        """It has happened."""

    def wait_stream(self, stream: Any) -> None:
        """It has nothing left to do."""

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event; without one, a new one."""
        recorded = event or Event()
        recorded.record(self)
        return recorded

    def __enter__(self) -> Stream:
        self._outer.append(current_stream())
        set_stream(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        set_stream(self._outer.pop())


class ExternalStream(Stream):
    """A stream that another library made: the same again."""


_default = Stream()
_chosen = [_default]


# torch.cuda's own, under their names.


class stream:  # noqa: N801 - torch's name for it
    """``with torch.cuda.stream(s)``: s is the current stream inside. None changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self.stream.__enter__()

    def __exit__(self, *details: Any) -> None:
        if self.stream is not None:
            self.stream.__exit__(*details)


class StreamContext(stream):
    """The same, by the name of torch's class."""


def current_stream(device: Any = None) -> Stream:
    """The stream that work goes to."""
    index_of(device)
    return _chosen[0]


def default_stream(device: Any = None) -> Stream:
    """The stream that there is without any other."""
    index_of(device)
    return _default


def set_stream(stream: Stream) -> None:
    """Let work go to a stream."""
    if stream is not None:
        _chosen[0] = stream


def is_current_stream_capturing() -> bool:
    """Whether a CUDA graph is being captured: never."""
    return False


NAMES = (
    *("Event", "Stream", "ExternalStream", "stream", "StreamContext"),
    *("current_stream", "default_stream", "set_stream", "is_current_stream_capturing"),
)
