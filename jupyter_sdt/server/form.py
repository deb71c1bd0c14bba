"""The launch form as a JSON schema, made from the table of the magic's flags.

https://json-schema.org/draft/2020-12/schema
"""

from __future__ import annotations

from typing import Any

from jupyter_sdt.cells.flags import SECTIONS, Flag
from jupyter_sdt.cells.values import DISTRIBUTIONS
from jupyter_sdt.estimator.keywords import DEFAULTS
from jupyter_sdt.server.form_strategies import strategies
from jupyter_sdt.server.machine import Machine, look_at_machine
from jupyter_sdt.spec.instances import known_instances

_NAMES = {"type": "array", "items": {"type": "string"}}
_METRIC = {
    "type": "object",
    "properties": {"Name": {"type": "string"}, "Regex": {"type": "string"}},
    "required": ["Name", "Regex"],
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "seconds": {"type": "number", "exclusiveMinimum": 0},
    "json": {},
    "distribution": {"type": ["string", "object"]},
    "names": _NAMES,
    "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}},
    "on": {"type": "boolean"},
    "setting": {"type": "object"},
    "variable": {"type": "object", "additionalProperties": {"type": "string"}},
    "metric": {"type": "array", "items": _METRIC},
}
_EXAMPLES: dict[str, list[str]] = {
    "instance_type": list(known_instances()),
    "distribution": list(DISTRIBUTIONS),
}
# What a form has buttons for instead.
_LEFT_OUT = {"wait", "plan", "help", "study"}


def launch_schema(machine: Machine | None = None) -> dict[str, Any]:
    """Return the schema; ``x-sections`` orders it, ``x-machine`` tells what is here.

    Properties are named after the keywords. Those with ``x-owner`` "estimator" go into
    ``arguments`` of a request, ``x-flag`` is how a cell spells them, ``x-flags`` lists every flag
    that fills the property. ``x-strategies`` of ``distribution`` describes what each may be given.
    """
    properties: dict[str, dict[str, Any]] = {}
    sections = []
    for title, flags in SECTIONS.items():
        shown = [flag for flag in flags if flag.keyword not in _LEFT_OUT]
        for flag in shown:
            _add(properties, flag)
        names = list(dict.fromkeys(flag.keyword for flag in shown))
        sections.append({"title": title, "properties": names})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Training job",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "x-sections": sections,
        "x-machine": machine or look_at_machine(),
    }


def _add(properties: dict[str, dict[str, Any]], flag: Flag) -> None:
    """Several flags may fill one keyword; the one that names a single entry knows its type."""
    schema = {**_SCHEMAS[flag.kind], **_annotations(flag)}
    before = properties.setdefault(flag.keyword, schema)
    if before is not schema and "type" not in before:
        before = properties[flag.keyword] = {**_SCHEMAS[flag.kind], **before}
    before["x-flags"] = [*before.get("x-flags", []), {"flag": flag.name, "kind": flag.kind}]
    if flag.keyword == "distribution":
        before["x-strategies"] = strategies()


def _annotations(flag: Flag) -> dict[str, Any]:
    told: dict[str, Any] = {
        "title": flag.name,
        "description": flag.help,
        "x-flag": f"--{flag.name}",
        "x-kind": flag.kind,
        "x-owner": flag.owner,
    }
    if flag.choices:
        told["enum"] = list(flag.choices)
    if flag.keyword in DEFAULTS:
        told["default"] = DEFAULTS[flag.keyword]
    if flag.keyword in _EXAMPLES:
        told["examples"] = _EXAMPLES[flag.keyword]
    return told
