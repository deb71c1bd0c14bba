"""Objects of S3 as streams: they go on after a lost connection and never mix two versions.

``client`` is a boto3 S3 client. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any, TypeVar

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.s3_objects import ListedObject
from jupyter_sdt.launch.remote.service_errors import code_of, explain, kind_of
from jupyter_sdt.launch.remote.training_request import split_s3

# Attempts at one place of an object, and the pause before the second; it doubles each time.
TRIES = 6
_PAUSE_SECONDS = 0.2
_BUFFER_BYTES = 1 << 20
_T = TypeVar("_T")


def open_object(client: Any, uri: str) -> io.BufferedReader:
    """Open an object for reading from its beginning to its end. Raises LaunchError."""
    stream = ObjectStream(client, uri)
    stream.begin()
    return io.BufferedReader(stream, _BUFFER_BYTES)


class ObjectStream(io.RawIOBase):
    """One object, read in order. Reading raises LaunchError when it cannot be had, or changed."""

    def __init__(self, client: Any, uri: str) -> None:
        super().__init__()
        self._client, self._uri = client, uri
        self._bucket, self._key = split_s3(uri)
        self._body: Any = None
        self._position, self._size, self._version = 0, 0, ""

    def begin(self) -> None:
        """Ask for the object, so that a missing one is known before anything is read."""
        self._trying(self._open)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what comes next; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self._body is not None and self._position >= self._size:
            return 0
        content = self._trying(lambda: self._read(len(view)))
        view[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        """Let the connection go."""
        self._drop()
        super().close()

    def _read(self, size: int) -> bytes:
        if self._body is None:
            self._open()
        content = bytes(self._body.read(min(size, self._size - self._position)))
        if not content and self._position < self._size:
            raise ConnectionError("the connection ended early")
        return content

    def _open(self) -> None:
        place = {"Range": f"bytes={self._position}-"} if self._position else {}
        same = {"IfMatch": self._version} if self._version else {}
        answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **place, **same)
        self._body, self._version = answer["Body"], answer["ETag"]
        self._size = self._position + int(answer["ContentLength"])

    def _drop(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.close()

    def _trying(self, action: Callable[[], _T]) -> _T:
        return _persistently(action, self._uri, self._drop)


def read_range(client: Any, entry: ListedObject, start: int, end: int) -> bytes:
    """Return the bytes from ``start`` to before ``end``. Raises LaunchError, also for a change."""
    bucket, key = split_s3(entry.uri)
    place = {"Range": f"bytes={start}-{end - 1}", "IfMatch": entry.version}

    def read() -> bytes:
        content = bytes(client.get_object(Bucket=bucket, Key=key, **place)["Body"].read())
        if len(content) != end - start:
            raise ConnectionError(f"{len(content)} bytes came instead of {end - start}")
        return content

    return _persistently(read, entry.uri, lambda: None)


def _persistently(action: Callable[[], _T], uri: str, again: Callable[[], None]) -> _T:
    """Do ``action``, several times where that may help; ``again`` is called in between."""
    for attempt in range(TRIES):
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named
            again()
            _judge(error, uri, last=attempt == TRIES - 1)
        time.sleep(_PAUSE_SECONDS * 2**attempt)
    raise AssertionError("the last attempt raises")


def _judge(error: Exception, uri: str, *, last: bool) -> None:
    """Return when another attempt may help."""
    if code_of(error) in ("PreconditionFailed", "412"):
        raise LaunchError(f"{uri} was changed while it was being read") from None
    lost = not code_of(error) or kind_of(error) in ("throttled", "unreachable")
    if last or not lost or kind_of(error) in ("credentials", "configuration"):
        raise explain(error, resource=uri) from None
