"""What the modules keep for backward, in bytes."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from jupyter_sdt.runtime.modelparallel.partition.watching import Watch


class _Bytes:
    """Storages, each counted once, for the module that computed when it came up first.

    They are held, so that no address is given out twice. What belongs to the model counts as seen,
    and so does what was there before, such as the batch that a microbatch is a part of. Tensors
    that have no memory of their own, such as DTensors, are left out.
    """

    def __init__(self, watch: Watch) -> None:
        self.found: dict[str, int] = defaultdict(int)
        self._watch = watch
        state = (*watch.model.parameters(), *watch.model.buffers())
        self._seen = dict(storages_of((*state, *alive_tensors())))

    def add(self, tensor: torch.Tensor) -> None:
        """Count the storage of ``tensor`` if it is new."""
        maker = self._watch.current
        for address, storage in storages_of([tensor]):
            if maker is not None and address not in self._seen:
                self._seen[address] = storage
                self.found[maker] += storage.nbytes()


def alive_tensors() -> list[torch.Tensor]:
    """Tensors that exist now."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]


def storages_of(tensors: Iterable[torch.Tensor]) -> Iterator[tuple[int, torch.UntypedStorage]]:
    """Storages with their addresses."""
    for tensor in tensors:
        # Some have none: sparse ones, wrappers of others, parameters that nobody has filled.
        with suppress(RuntimeError, NotImplementedError, ValueError):
            storage = tensor.untyped_storage()
            yield storage.data_ptr(), storage


@contextmanager
def returned_bytes(watch: Watch) -> Iterator[Mapping[str, int]]:
    """Count what modules return in this context: an estimate of what they keep."""
    counted = _Bytes(watch)

    def returned(_: nn.Module, __: Any, output: Any) -> None:
        for value in tree_leaves(output):
            if isinstance(value, torch.Tensor):
                counted.add(value)

    # Before the hooks of the watch, which leave the module.
    modules = watch.model.modules()
    handles = [module.register_forward_hook(returned, prepend=True) for module in modules]
    try:
        yield counted.found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def kept_bytes(watch: Watch) -> Iterator[Mapping[str, int]]:
    """Count what autograd keeps in this context. What is checkpointed is rightly not seen."""
    counted = _Bytes(watch)

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        counted.add(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield counted.found
