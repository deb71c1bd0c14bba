"""Where every call comes in: taken down, refused, answered by us, or handed on to moto.

Calls of services that speak JSON with a target header, as SageMaker, CloudWatch Logs, ECR and the
Price List do, and the objects of S3.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from jupyter_sdt.rehearsal.refusals import RefusedError
from jupyter_sdt.rehearsal.trouble import Trouble

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_Environ = dict[str, Any]
_SCOPE = re.compile(r"Credential=([^/\s]+)/[^/]+/[^/]+/([^/]+)/")
_OBJECTS = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}
_JSON = "application/x-amz-json-1.1"
# Of S3, where a code has a status of its own; anything else is 400.
_STATUSES = {"AccessDenied": "403", "NoSuchKey": "404", "InternalError": "500", "SlowDown": "503"}
# JSON services and S3 have two words for these.
_WORDS_OF_S3 = {"ExpiredTokenException": "ExpiredToken", "AccessDeniedException": "AccessDenied"}


@dataclass(frozen=True, slots=True)
class _Call:
    """The operation that is asked for and the id of the access key; ``target`` for JSON."""

    operation: str
    key: str
    target: bool

    @classmethod
    def of(cls, environ: _Environ) -> _Call:
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        key, service = scope.groups() if scope else ("", "")
        if target := environ.get("HTTP_X_AMZ_TARGET", ""):
            return cls(target.rpartition(".")[2], key, target=True)
        is_object = service == "s3" and "/" in environ.get("PATH_INFO", "").strip("/")
        operation = _OBJECTS.get(environ["REQUEST_METHOD"], "") if is_object else ""
        return cls(operation, key, target=False)


@contextmanager
def gate(trouble: Trouble, answers: Mapping[str, Answer]) -> Iterator[None]:
    """Have calls come to us first while this is open; ``answers`` are operations moto lacks."""
    before = DomainDispatcherApplication.__call__

    def call(app: Any, environ: _Environ, start_response: Any) -> Iterable[bytes]:
        asked = _Call.of(environ)
        if asked.operation:
            if refused := trouble.meet(asked.operation, asked.key):
                return _error(asked, refused, environ, start_response)
            if answer := answers.get(asked.operation):
                return _answered(answer, environ, start_response)
        chunks: Iterable[bytes] = before(app, environ, start_response)
        if trouble.loses(asked.operation):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError  # which the server expects of any connection
        most = trouble.break_off(asked.operation)
        return chunks if most is None else _first(chunks, most)

    with replaced(DomainDispatcherApplication, "__call__", call):
        yield


@contextmanager
def replaced(owner: type, name: str, value: Any) -> Iterator[None]:
    """Have another attribute in a class of moto's while this is open."""
    before = owner.__dict__.get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def _answered(answer: Answer, environ: _Environ, start_response: Any) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return _say("200 OK", _JSON, json.dumps(answer(json.loads(body or "{}"))), start_response)


def _error(
    asked: _Call, refused: RefusedError, environ: _Environ, start_response: Any
) -> Iterable[bytes]:
    if asked.target:
        told = json.dumps({"__type": refused.code, "message": refused.message})
        return _say("400 Bad Request", _JSON, told, start_response)
    code = _WORDS_OF_S3.get(refused.code, refused.code)
    told = f"<Error><Code>{code}</Code><Message>{escape(refused.message)}</Message></Error>"
    body = "" if environ["REQUEST_METHOD"] == "HEAD" else told
    return _say(f"{_STATUSES.get(code, '400')} Refused", "application/xml", body, start_response)


def _say(status: str, kind: str, body: str, start_response: Any) -> Iterable[bytes]:
    content = body.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
    return [content]


def _first(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """What a connection brings that breaks: its headers have promised more."""
    for chunk in chunks:
        yield chunk[:most]
        most -= len(chunk)
        if most <= 0:
            return
