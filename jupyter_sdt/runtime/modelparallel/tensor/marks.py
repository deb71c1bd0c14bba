"""Which modules are to be divided: marks that they get when they are made, or afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

from jupyter_sdt.runtime.modelparallel.creation import on_creation

_MARK, _OPTIONS = "_sdt_tensor_parallel", "_sdt_tensor_options"
Options = Mapping[str, Any]


@contextmanager
def tensor_parallelism(enabled: bool = True, options: Options | None = None) -> Iterator[None]:
    """Modules made in this context are divided, or are not; the innermost context wins.

    With ``options`` models of Hugging Face become those of ``smp.nn``, where there is one.
    """
    with on_creation(lambda module: _mark(module, enabled, options)):
        yield


def set_tensor_parallelism(
    module: nn.Module, enabled: bool = True, options: Options | None = None
) -> None:
    """Divide ``module`` and what is below it, or do not. DistributedModel does it."""
    for inner in module.modules():
        _mark(inner, enabled, options)


def is_marked(module: nn.Module) -> bool:
    """Whether ``module`` is to be divided."""
    return bool(getattr(module, _MARK, False))


def options_of(module: nn.Module) -> Options | None:
    """Options for what takes the place of ``module``; None: it keeps its names and its calls."""
    found: Options | None = getattr(module, _OPTIONS, None)
    return found


def _mark(module: nn.Module, enabled: bool, options: Options | None) -> None:
    # Not through nn.Module.__setattr__, which some classes override before their __init__ ran.
    object.__setattr__(module, _MARK, enabled)
    object.__setattr__(module, _OPTIONS, options)
