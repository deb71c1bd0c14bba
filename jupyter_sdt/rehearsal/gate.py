"""Where every call comes in: taken down, refused, answered by us, or handed on to moto.

Calls of services that speak JSON with a target header, as SageMaker, CloudWatch Logs, ECR and the
Price List do; of those that are asked by forms, as STS, IAM and EC2; and of S3.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from jupyter_sdt.rehearsal.refusals import RefusedError
from jupyter_sdt.rehearsal.trouble import Trouble

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_Environ = dict[str, Any]
_SCOPE = re.compile(r"Credential=([^/\s]+)/[^/]+/[^/]+/([^/]+)/")
_OBJECTS = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}
_BUCKETS = {"HEAD": "HeadBucket", "PUT": "CreateBucket"}
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/x-amz-json-1.1"
# Where answers are XML, a code has a status of its own; anything else is 400.
_STATUSES = {"AccessDenied": "403", "NoSuchKey": "404", "InternalError": "500", "SlowDown": "503"}
# Services that speak JSON and the others have two words for these.
_OTHER_WORDS = {"ExpiredTokenException": "ExpiredToken", "AccessDeniedException": "AccessDenied"}
# An error in each protocol: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_ERRORS = {
    "s3": "<Error>{told}</Error>",
    "query": "<ErrorResponse><Error>{told}</Error></ErrorResponse>",
    "ec2": "<Response><Errors><Error>{told}</Error></Errors></Response>",
}


@dataclass(frozen=True, slots=True)
class _Call:
    """The operation that is asked for, and the id of the access key."""

    operation: str
    key: str
    protocol: Literal["json", "query", "ec2", "s3"]

    @classmethod
    def of(cls, environ: _Environ) -> _Call:
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        key, service = scope.groups() if scope else ("", "")
        if target := environ.get("HTTP_X_AMZ_TARGET", ""):
            return cls(target.rpartition(".")[2], key, "json")
        if environ.get("CONTENT_TYPE", "").startswith(_FORM):
            (action,) = parse_qs(_body(environ).decode()).get("Action", [""])
            return cls(action, key, "ec2" if service == "ec2" else "query")
        return cls(_of_s3(environ) if service == "s3" else "", key, "s3")


def _of_s3(environ: _Environ) -> str:
    """The operation on an object or a bucket, as far as anybody wants to refuse it."""
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "").strip("/")
    if "/" in path:
        return _OBJECTS.get(method, "")
    if "list-type=2" in environ.get("QUERY_STRING", ""):
        return "ListObjectsV2"
    return _BUCKETS.get(method, "") if path else ""


def _body(environ: _Environ) -> bytes:
    """What was sent, which stays there for whoever comes next."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return body


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
    asked = json.loads(_body(environ) or "{}")
    return _say("200 OK", _JSON, json.dumps(answer(asked)), start_response)


def _error(
    asked: _Call, refused: RefusedError, environ: _Environ, start_response: Any
) -> Iterable[bytes]:
    if asked.protocol == "json":
        told = json.dumps({"__type": refused.code, "message": refused.message})
        return _say("400 Bad Request", _JSON, told, start_response)
    code = _OTHER_WORDS.get(refused.code, refused.code)
    told = f"<Code>{code}</Code><Message>{escape(refused.message)}</Message>"
    whole = _ERRORS[asked.protocol].format(told=told)
    body = "" if environ["REQUEST_METHOD"] == "HEAD" else whole
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
