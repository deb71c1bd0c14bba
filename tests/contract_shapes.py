"""Checking payloads against tests/contract/*.json: the same keys, and types seen in an example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parent / "contract"


def examples(kind: str) -> list[Any]:
    """The examples of a kind of payload."""
    return json.loads((CONTRACT / f"{kind}.json").read_text())["examples"]


def shape_errors(value: Any, patterns: list[Any], place: str = "body") -> list[str]:
    """How ``value`` differs in keys and types from every one of the examples."""
    if isinstance(value, dict):
        return _object_errors(value, [p for p in patterns if isinstance(p, dict)], place)
    if isinstance(value, list):
        inner = [item for p in patterns if isinstance(p, list) for item in p]
        known = not any(isinstance(p, list) for p in patterns)
        errors = [f"{place}: a list, unlike the examples"] if known else []
        return errors + [e for n, i in enumerate(value) for e in _items(i, inner, f"{place}[{n}]")]
    kinds = {_kind(p) for p in patterns}
    return [] if _kind(value) in kinds else [f"{place}: {value!r} is none of {sorted(kinds)}"]


def _items(item: Any, inner: list[Any], place: str) -> list[str]:
    return shape_errors(item, inner, place) if inner else []


def _object_errors(value: dict[str, Any], patterns: list[Any], place: str) -> list[str]:
    if not patterns:
        return [f"{place}: an object, unlike the examples"]
    same = [p for p in patterns if p.keys() == value.keys()]
    if not same:
        nearest = min(patterns, key=lambda p: len(p.keys() ^ value.keys()))
        return [f"{place}: keys {sorted(nearest.keys() ^ value.keys())} differ"]
    return [
        error
        for name, inner in value.items()
        for error in shape_errors(inner, [p[name] for p in same], f"{place}.{name}")
    ]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
