"""Streams of objects over connections that break, from a store that serves just one object."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels import s3_streams
from jupyter_sdt.launch.channels.s3_objects import ListedObject
from jupyter_sdt.launch.channels.s3_streams import open_object, read_range

CONTENT = os.urandom(3_000_000)


@dataclass
class Store:
    """Answers GET; the first ``broken`` answers end after ``cut`` bytes of what they promise."""

    content: bytes = CONTENT
    version: str = '"one"'
    broken: int = 0
    cut: int = 1_000_000
    status: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        place, same = handler.headers.get("Range", ""), handler.headers.get("If-Match", "")
        self.asked.append((place, same))
        if self.status or (same and same != self.version):
            handler.send_response(self.status or 412)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        first, last = [*re.findall(r"\d+", place), "", ""][:2]
        body = self.content[int(first or 0) : int(last) + 1 if last else None]
        handler.send_response(206 if place else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("ETag", self.version)
        handler.end_headers()
        broken, self.broken = self.broken, max(0, self.broken - 1)
        handler.wfile.write(body[: self.cut] if broken else body)
        handler.close_connection = True


@pytest.fixture
def store(aws_environment, monkeypatch) -> Iterator[Store]:
    made = Store()
    monkeypatch.setattr(s3_streams, "_PAUSE_SECONDS", 0.001)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.answer(self)

        def log_message(self, *_) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield made
    server.shutdown()


def client():
    return boto3.client("s3")


def entry(store: Store) -> ListedObject:
    return ListedObject(
        name="a", uri="s3://bucket/a", size=len(store.content), version=store.version, changed_ns=0
    )


def test_a_stream_goes_on_where_the_connection_was_lost(store):
    store.broken = 2
    with open_object(client(), "s3://bucket/a") as stream:
        assert stream.read() == CONTENT
    places = [place for place, _ in store.asked]
    assert places[0] == ""
    assert len(places) == 3
    assert all(place.startswith("bytes=") for place in places[1:])
    assert [same for _, same in store.asked[1:]] == ['"one"', '"one"']


def test_an_object_that_changed_meanwhile_is_not_continued(store):
    store.broken = 1
    with open_object(client(), "s3://bucket/a") as stream:
        assert stream.read(100) == CONTENT[:100]
        store.version = '"two"'
        with pytest.raises(LaunchError, match="s3://bucket/a was changed while it was being read"):
            stream.read()


def test_nobody_waits_for_ever(store):
    store.broken, store.cut = 100, 0
    with open_object(client(), "s3://bucket/a") as stream, pytest.raises(LaunchError):
        stream.read()
    assert len(store.asked) <= s3_streams.TRIES + 1


def test_what_may_not_be_read_is_asked_for_once(store):
    store.status = 403
    with pytest.raises(LaunchError, match="add s3:GetObject"):
        open_object(client(), "s3://bucket/a")
    assert len(store.asked) == 1


def test_an_empty_object_is_read_to_its_end(store):
    store.content = b""
    with open_object(client(), "s3://bucket/a") as stream:
        assert stream.read() == b""


def test_a_range_is_whole_or_an_error(store):
    store.broken, store.cut = 1, 10
    assert read_range(client(), entry(store), 100, 5000) == CONTENT[100:5000]
    assert store.asked[-1] == ("bytes=100-4999", '"one"')
    old = entry(store)
    store.version = '"two"'
    with pytest.raises(LaunchError, match="was changed"):
        read_range(client(), old, 0, 10)
