"""``custom_mpi_options``: what mpirun gets of them, and the variables that they give to ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

# No option of mpirun: SageMaker's toolkit makes a variable of it.
_NCCL_DEBUG = "--NCCL_DEBUG"


def mpirun_options(options: Sequence[str]) -> tuple[str, ...]:
    """The options as mpirun knows them."""
    return tuple(_known(iter(options)))


def exported_variables(options: Sequence[str]) -> dict[str, str]:
    """What ``-x NAME=VALUE`` sets, for launchers that stand in for mpirun."""
    known = mpirun_options(options)
    values = (value for word, value in pairwise(known) if word == "-x")
    return dict(value.split("=", 1) for value in values if "=" in value)


def _known(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        name, is_whole, value = word.partition("=")
        if name == _NCCL_DEBUG:
            yield from ("-x", f"NCCL_DEBUG={value if is_whole else next(words, '')}")
        else:
            yield word
