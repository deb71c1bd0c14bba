"""Hyperparameters, environment and metric definitions: checked, and in the form of a JobSpec.

Limits are those of CreateTrainingJob, so that what runs here runs there:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.spec.job_spec import MetricDefinition
from jupyter_sdt.spec.secret_names import looks_secret

_ENTRIES = 100
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def read_hyperparameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy as JSON would give it back. Raises SpecError naming the hyperparameter."""
    if len(given) > _ENTRIES:
        raise _wrong(f"{len(given)} entries, at most {_ENTRIES} are allowed")
    read: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not name or len(name) > 256:
            raise _wrong(f"the name {name!r} must be a str of 1 to 256 characters")
        text = _to_json(name, value)
        if len(text) > 2500:
            raise _wrong(
                f"{name!r} has {len(text)} characters as JSON, at most 2500 are allowed; put it "
                "into a file in source_dir or a channel"
            )
        read[name] = json.loads(text)
    return read


def split_environment(given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return (variables for job.json, secret ones, which go through memory only).

    A variable counts as secret when its name says so: KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL.
    Raises SpecError naming the variable; never shows the value of a secret one.
    """
    if len(given) > _ENTRIES:
        raise SpecError(
            f"environment: {len(given)} entries, at most {_ENTRIES} are allowed",
            argument="environment",
        )
    parts: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for name, value in given.items():
        _check_variable(name, value)
        parts[looks_secret(name)][name] = value
    return parts


def read_metric_definitions(given: object) -> tuple[MetricDefinition, ...]:
    """Read a list of ``{"Name": ..., "Regex": ...}``. Raises SpecError naming the metric."""
    if isinstance(given, (str, Mapping)) or not isinstance(given, Sequence):
        raise _bad_metric(f'{given!r} must be a list of {{"Name": ..., "Regex": ...}}')
    if len(given) > 40:
        raise _bad_metric(f"{len(given)} definitions, at most 40 are allowed")
    read = tuple(_metric_definition(item) for item in given)
    names = [definition.name for definition in read]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _bad_metric(f"{twice!r} is defined twice")
    return read


def _to_json(name: str, value: object) -> str:
    # Numbers of numpy and torch know their plain form.
    plain = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
    try:
        return json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _wrong(
            f"{name!r} is {value!r} ({type(value).__name__}), which JSON cannot carry: {error}; "
            "give numbers, text, True, False, None, lists or dicts"
        ) from None


def _check_variable(name: object, value: object) -> None:
    if not isinstance(name, str) or len(name) > 512 or not _VARIABLE.fullmatch(name):
        raise SpecError(
            f"environment: {name!r} must be letters, digits and '_', not beginning with a digit",
            argument="environment",
        )
    if isinstance(value, str) and len(value) <= 512 and "\0" not in value:
        return
    what = f"{len(value)} characters long" if isinstance(value, str) else type(value).__name__
    raise SpecError(
        f"environment: the value of {name} is {what}; it must be a str of at most 512 characters",
        argument="environment",
    )


def _metric_definition(item: object) -> MetricDefinition:
    if not isinstance(item, Mapping):
        raise _bad_metric(f'{item!r} must be a dict {{"Name": ..., "Regex": ...}}')
    for key in item:
        if key not in ("Name", "Regex"):
            hint = did_you_mean(str(key), ("Name", "Regex"))
            raise _bad_metric(f"unknown key {key!r} in {dict(item)!r}{hint}")
    name, regex = item.get("Name"), item.get("Regex")
    if not isinstance(name, str) or not 1 <= len(name) <= 255:
        raise _bad_metric(f"Name={name!r} must be a str of 1 to 255 characters")
    if not isinstance(regex, str) or not 1 <= len(regex) <= 500:
        raise _bad_metric(f"{name!r}: Regex={regex!r} must be a str of 1 to 500 characters")
    definition = MetricDefinition(name=name, regex=regex)
    _check_regex(definition)
    return definition


def _check_regex(definition: MetricDefinition) -> None:
    name, regex = definition.name, definition.regex
    try:
        groups = re.compile(regex).groups
    except re.error as error:
        raise _bad_metric(f"{name!r}: Regex={regex!r} does not compile: {error}") from None
    if definition.finds_nothing:
        warnings.warn(
            f"metric_definitions: {name!r}: Regex={regex!r} is plain text and finds no number",
            stacklevel=2,
        )
    elif not groups:
        raise _bad_metric(
            f"{name!r}: Regex={regex!r} has no group: put the number in parentheses, as in "
            r"'loss: ([0-9.]+)'"
        )


def _wrong(reason: str) -> SpecError:
    return SpecError(f"hyperparameters: {reason}", argument="hyperparameters")


def _bad_metric(reason: str) -> SpecError:
    return SpecError(f"metric_definitions: {reason}", argument="metric_definitions")
