"""Streams of objects over connections that break, from a rehearsed S3."""

from __future__ import annotations

import os

import boto3
import pytest

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels import s3_streams
from jupyter_sdt.launch.channels.s3_objects import ListedObject
from jupyter_sdt.launch.channels.s3_streams import open_object, read_range

CONTENT = os.urandom(3_000_000)
URI = "s3://out/a"


@pytest.fixture
def service(directed, monkeypatch):
    monkeypatch.setattr(s3_streams, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    put(CONTENT)
    directed.service.calls.clear()
    yield directed.service
    directed.service.trouble.forget()


def put(content: bytes) -> str:
    """Its version."""
    return str(boto3.client("s3").put_object(Bucket="out", Key="a", Body=content)["ETag"])


def reads(service) -> int:
    return service.calls.count("GetObject")


def test_a_stream_goes_on_where_the_connection_was_lost(service):
    service.cut(1_100_000, times=10)  # who began again would never come to the end
    with open_object(boto3.client("s3"), URI) as stream:
        assert stream.read() == CONTENT
    assert reads(service) == 3


def test_an_object_that_changed_meanwhile_is_not_continued(service):
    service.cut(1_000_000)
    with open_object(boto3.client("s3"), URI) as stream:
        assert stream.read(100) == CONTENT[:100]
        put(CONTENT[::-1])
        with pytest.raises(LaunchError, match="s3://out/a was changed while it was being read"):
            stream.read()


def test_nobody_waits_for_ever(service):
    service.cut(0, times=100)
    with open_object(boto3.client("s3"), URI) as stream, pytest.raises(LaunchError):
        stream.read()
    assert reads(service) <= s3_streams.TRIES + 1


def test_what_may_not_be_read_is_asked_for_once(service):
    service.refuse("GetObject", "AccessDenied", times=2)
    with pytest.raises(LaunchError, match="add s3:GetObject"):
        open_object(boto3.client("s3"), URI)
    assert reads(service) == 1


def test_a_service_that_asks_to_slow_down_is_asked_again(service):
    service.refuse("GetObject", "SlowDown", "Please reduce your request rate.", times=2)
    with open_object(boto3.client("s3"), URI) as stream:
        assert stream.read() == CONTENT
    assert reads(service) == 3


def test_an_empty_object_is_read_to_its_end(service):
    put(b"")
    with open_object(boto3.client("s3"), URI) as stream:
        assert stream.read() == b""


def test_a_range_is_whole_or_an_error(service):
    version = put(CONTENT)
    entry = ListedObject(name="a", uri=URI, size=len(CONTENT), version=version, changed_ns=0)
    service.cut(10)
    assert read_range(boto3.client("s3"), entry, 100, 5000) == CONTENT[100:5000]
    assert reads(service) == 2
    put(CONTENT[::-1])
    with pytest.raises(LaunchError, match="was changed"):
        read_range(boto3.client("s3"), entry, 0, 10)
