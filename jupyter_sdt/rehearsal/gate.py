"""Calls that are refused before any service looks at them: expired keys, missing permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.responses import BaseResponse

_KEY = re.compile(r"Credential=([^/\s]+)/")
_Answer = tuple[int, dict[str, str], Any]


@contextmanager
def guarded(expired: Collection[str], denied: Collection[str]) -> Iterator[None]:
    """Refuse calls signed with one of the ``expired`` key ids, and ``denied`` operations.

    For the services that speak JSON with a target header: SageMaker and CloudWatch Logs are.
    """
    before: Callable[[BaseResponse], _Answer] = BaseResponse.call_action

    def call_action(response: BaseResponse) -> _Answer:
        return _refusal(response, expired, denied) or before(response)

    with replaced(BaseResponse, "call_action", call_action):
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


def _refusal(
    response: BaseResponse, expired: Collection[str], denied: Collection[str]
) -> _Answer | None:
    target = response.headers.get("X-Amz-Target", "")
    operation = target.rpartition(".")[2]
    if not target:
        return None
    key = _KEY.search(response.headers.get("Authorization", ""))
    if key and key[1] in expired:
        return _error(
            "ExpiredTokenException", "The security token included in the request is expired"
        )
    if operation in denied:
        return _error("AccessDeniedException", f"User is not authorized to perform: {operation}")
    return None


def _error(code: str, message: str) -> _Answer:
    headers = {"x-amzn-ErrorType": code, "Content-Type": "application/x-amz-json-1.1"}
    return 400, headers, json.dumps({"__type": code, "message": message})
