"""Estimator keywords -> the line of ``%%sdt_train`` that means them: the way back. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_sdt.cells.degrees import write_degrees
from jupyter_sdt.cells.flags import FLAGS, Flag
from jupyter_sdt.cells.values import DISTRIBUTIONS, is_variable, read_literal

MAGIC = "%%sdt_train"
# Of the flags that fill one keyword, the one people write.
_PREFERRED = {"hyperparameters": "hp", "environment": "env", "metric_definitions": "metric"}
_WORDS = {json.dumps(value, sort_keys=True): word for word, value in DISTRIBUTIONS.items()}


def write_line(given: Mapping[str, Any]) -> str:
    """Return the line that ``parse_arguments`` reads back into these keywords.

    Keywords are those of the Estimator and the magic's own (``job_name``, ``inputs``,
    ``variables_in``, ``variables_out``). What is None, False or empty is left out, and so is a
    keyword without a flag.
    """
    words = [MAGIC]
    for keyword, value in given.items():
        if value not in (None, False, "", (), [], {}):
            words += _words(keyword, value)
    return " ".join(words)


def _words(keyword: str, value: Any) -> Iterator[str]:
    flag = _flag_of(keyword)
    if flag is None:
        return
    if flag.kind == "on":
        yield f"--{flag.name}"
    elif flag.kind in ("setting", "variable", "metric"):
        for name, text in _pairs(flag, value):
            yield f"--{flag.name} {shlex.quote(f'{name}={text}')}"
    else:
        yield f"--{flag.name} {shlex.quote(_text(flag, value))}"


def _flag_of(keyword: str) -> Flag | None:
    flags = [flag for flag in FLAGS.values() if flag.keyword == keyword and flag.kind != "off"]
    preferred = [flag for flag in flags if flag.name == _PREFERRED.get(keyword)]
    return next(iter([*preferred, *flags]), None)


def _pairs(flag: Flag, value: Any) -> list[tuple[str, str]]:
    if flag.kind == "metric":
        return [(metric["Name"], metric["Regex"]) for metric in value]
    if flag.kind == "variable":
        return [(name, str(text)) for name, text in value.items()]
    return [(name, _literal(setting)) for name, setting in value.items()]


def _literal(value: Any) -> str:
    """A text stays as it is where it would not be read as something else."""
    if isinstance(value, str) and read_literal(value) == value and not is_variable(value):
        return value
    return json.dumps(value)


def _text(flag: Flag, value: Any) -> str:
    if flag.kind == "distribution":
        text = json.dumps(value, sort_keys=True)
        return _WORDS.get(text) or write_degrees(value) or text
    if flag.kind == "json":
        return json.dumps(value)
    if flag.kind in ("names", "sizes"):
        return ",".join(map(str, value))
    return str(value)
