"""``pipeline=2,tensor=2`` <-> SageMaker's dictionary for model parallelism. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean

# Our word for each degree, and SageMaker's parameter.
_PARAMETERS = {
    "pipeline": "pipeline_parallel_degree",
    "tensor": "tensor_parallel_degree",
    "shard": "sharded_data_parallel_degree",
    "microbatches": "microbatches",
}
# Ranks that are left over are data parallel.
_ALWAYS = {"ddp": True}


def read_degrees(text: str) -> dict[str, Any]:
    """Return the ``distribution`` that ``text`` stands for: words and degrees, comma separated.

    Raises SpecError naming the word and what would be right.
    """
    parameters: dict[str, Any] = {}
    for part in text.split(","):
        word, _, degree = (piece.strip() for piece in part.partition("="))
        if word not in _PARAMETERS:
            hint = did_you_mean(word, _PARAMETERS)
            raise _wrong(text, f"{word!r} is none of {', '.join(_PARAMETERS)}{hint}")
        if not degree.isdecimal() or int(degree) < 1:
            raise _wrong(text, f"{word}={degree!r} must be a whole number of at least 1")
        if _PARAMETERS[word] in parameters:
            raise _wrong(text, f"{word} is given twice")
        parameters[_PARAMETERS[word]] = int(degree)
    return _distribution({**parameters, **_ALWAYS})


def write_degrees(distribution: Any) -> str | None:
    """Return the text that :func:`read_degrees` turns into ``distribution``; None for no such."""
    try:
        parameters = dict(distribution["smdistributed"]["modelparallel"]["parameters"])
    except (KeyError, TypeError, ValueError):
        return None
    words = {parameter: word for word, parameter in _PARAMETERS.items()}
    given = {words[name]: value for name, value in parameters.items() if name in words}
    text = ",".join(f"{word}={value}" for word, value in given.items())
    return text if text and read_degrees(text) == distribution else None


def _distribution(parameters: Mapping[str, Any]) -> dict[str, Any]:
    library = {"enabled": True, "parameters": dict(parameters)}
    return {"smdistributed": {"modelparallel": library}, "mpi": {"enabled": True}}


def _wrong(text: str, reason: str) -> SpecError:
    return SpecError(f"--distribution {text}: {reason}", argument="--distribution")
