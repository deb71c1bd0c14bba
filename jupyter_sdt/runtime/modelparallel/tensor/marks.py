"""Which modules are to be divided: marks that they get when they are made, or afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from jupyter_sdt.runtime.modelparallel.creation import on_creation

_MARK = "_sdt_tensor_parallel"


@contextmanager
def tensor_parallelism(enabled: bool = True) -> Iterator[None]:
    """Modules made in this context are divided, or are not; the innermost context wins."""
    with on_creation(lambda module: _mark(module, enabled)):
        yield


def set_tensor_parallelism(module: nn.Module, enabled: bool = True) -> None:
    """Divide ``module`` and what is below it, or do not. DistributedModel does it."""
    for inner in module.modules():
        _mark(inner, enabled)


def is_marked(module: nn.Module) -> bool:
    """Whether ``module`` is to be divided."""
    return bool(getattr(module, _MARK, False))


def _mark(module: nn.Module, enabled: bool) -> None:
    # Not through nn.Module.__setattr__, which some classes override before their __init__ ran.
    object.__setattr__(module, _MARK, enabled)
