"""Reading the text behind a flag: one function per kind of value."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_sdt.cells.degrees import read_degrees
from jupyter_sdt.cells.flags import Flag, Kind
from jupyter_sdt.errors import SpecError, did_you_mean

_VARIABLE = re.compile(r"\$([^\W\d]\w*)")
# The short words for --distribution, and SageMaker's dictionaries they stand for.
_ON = {"enabled": True}
DISTRIBUTIONS: dict[str, dict[str, Any]] = {
    "torch_distributed": {"torch_distributed": _ON},
    "pytorchddp": {"pytorchddp": _ON},
    "mpi": {"mpi": _ON},
    "dataparallel": {"smdistributed": {"dataparallel": _ON}},
    "modelparallel": {"smdistributed": {"modelparallel": _ON}, "mpi": _ON},
    "parameter_server": {"parameter_server": _ON},
    "multi_worker_mirrored_strategy": {"multi_worker_mirrored_strategy": _ON},
}

# What people call them elsewhere.
_ELSEWHERE = {
    **dict.fromkeys(("ddp", "torch", "torchrun", "pytorch", "fsdp"), "torch_distributed"),
    **dict.fromkeys(("smddp", "smdataparallel"), "dataparallel"),
    **dict.fromkeys(("smp", "smmodelparallel"), "modelparallel"),
    "horovod": "mpi",
}


def read_value(flag: Flag, text: str, variables: Mapping[str, Any]) -> Any:
    """Turn ``text`` into the value of ``flag``.

    ``$name`` is replaced by the variable itself, so a dict or a number needs no quoting. Raises
    SpecError naming the flag when the text cannot be read or the variable does not exist.
    """
    name = _VARIABLE.fullmatch(text)
    if name and flag.kind not in ("names", "setting", "variable", "metric"):
        return _checked(flag, look_up(flag, name[1], variables))
    if flag.kind in ("setting", "variable", "metric"):
        return _pair(flag, text, variables)
    return _checked(flag, _READERS[flag.kind](flag, text))


def look_up(flag: Flag, name: str, variables: Mapping[str, Any]) -> Any:
    """Return the notebook's variable ``name``. Raises SpecError when there is none."""
    if name not in variables:
        hint = did_you_mean(name, variables)
        raise wrong(flag, f"${name} names no variable of this notebook{hint}")
    return variables[name]


def wrong(flag: Flag, reason: str) -> SpecError:
    """Return the error that says what is wrong with ``flag``."""
    return SpecError(f"--{flag.name}: {reason}", argument=f"--{flag.name}")


def _checked(flag: Flag, value: Any) -> Any:
    if flag.choices and value not in flag.choices:
        known = ", ".join(flag.choices)
        hint = did_you_mean(str(value), flag.choices)
        raise wrong(flag, f"{value!r} is not one of {known}{hint}")
    return value


def _text(flag: Flag, text: str) -> str:
    if not text:
        raise wrong(flag, "the value is empty")
    return text


def _integer(flag: Flag, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise wrong(flag, f"{text!r} is not a whole number") from None


def _seconds(flag: Flag, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number > 0 or math.isinf(number):
        raise wrong(flag, f"{text!r} is not a positive number of seconds")
    return int(number) if number.is_integer() else number


def _json(flag: Flag, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise wrong(
            flag, f"not JSON: {error} in {text!r}; put single quotes around the whole value"
        ) from None


def _distribution(flag: Flag, text: str) -> Any:
    if text.lstrip().startswith("{"):
        return _json(flag, text)
    if "=" in text:
        return read_degrees(text)
    if text not in DISTRIBUTIONS:
        known = ", ".join(DISTRIBUTIONS)
        hint = did_you_mean(_ELSEWHERE.get(text.lower(), text), DISTRIBUTIONS)
        raise wrong(flag, f"{text!r} is none of {known}, nor a JSON object{hint}")
    return DISTRIBUTIONS[text]


def _names(flag: Flag, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise wrong(flag, f"{text!r} has an empty name; write a,b without spaces")
    return names


def _sizes(flag: Flag, text: str) -> list[int]:
    sizes = [_integer(flag, part.strip()) for part in text.split(",")]
    if min(sizes) < 1 or len(set(sizes)) < len(sizes):
        raise wrong(flag, f"{text!r} must be different world sizes of at least 1, such as 1,2,4")
    return sizes


def _pair(flag: Flag, text: str, variables: Mapping[str, Any]) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise wrong(flag, f"{text!r} is not of the form {flag.shown.split()[1]}")
    if flag.kind == "metric":
        return name, _regex(flag, value)
    variable = _VARIABLE.fullmatch(value)
    if variable:
        found = look_up(flag, variable[1], variables)
        return name, found if flag.kind == "setting" else str(found)
    return name, read_literal(value) if flag.kind == "setting" else value


def _regex(flag: Flag, text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise wrong(flag, f"not a regular expression: {error} in {text!r}") from None
    return text


def is_variable(text: str) -> bool:
    """Whether ``text`` is of the form ``$name``."""
    return _VARIABLE.fullmatch(text) is not None


def read_literal(text: str) -> Any:
    """Read JSON (``true``), a Python literal (``True``, ``(1, 2)``), or keep the text."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text


_READERS: dict[Kind, Callable[[Flag, str], Any]] = {
    "text": _text,
    "integer": _integer,
    "seconds": _seconds,
    "json": _json,
    "distribution": _distribution,
    "names": _names,
    "sizes": _sizes,
}
