"""What the modules keep for backward, in bytes."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from jupyter_sdt.runtime.modelparallel.partition.watching import Watch


class KeptBytes:
    """Storages, each counted once, for the module that computed when it came up first.

    They are held, so that no address is given out twice. What belongs to the model counts as seen,
    and so does what was there before, such as the batch that a microbatch is a part of. Tensors
    that have no memory of their own, such as DTensors, are left out. Of modules named in
    ``recomputed`` the arguments count as ``found``; what is computed in one is in ``inside``, and
    there only while backward goes through it.
    """

    def __init__(self, watch: Watch, recomputed: Collection[str]) -> None:
        self.found: dict[str, int] = defaultdict(int)
        self.inside: dict[str, int] = defaultdict(int)
        self._watch, self._recomputed = watch, recomputed
        state = (*watch.model.parameters(), *watch.model.buffers())
        self._seen = dict(storages_of((*state, *alive_tensors())))
        self._seen_inside: dict[int, torch.UntypedStorage] = {}

    def add(self, tensor: torch.Tensor) -> None:
        """Count the storage of ``tensor`` if it is new."""
        around = self._watch.outermost(self._recomputed)
        if around is None:
            self._count(tensor, self._watch.current, self.found, self._seen)
        else:
            self._count(tensor, around, self.inside, self._seen_inside)

    def add_arguments(self, name: str, values: Any) -> None:
        """Count what a module that is recomputed is called with."""
        if self._watch.outermost(self._recomputed) is None:
            for tensor in _tensors(values):
                self._count(tensor, name, self.found, self._seen)

    def _count(
        self,
        tensor: torch.Tensor,
        maker: str | None,
        sums: dict[str, int],
        seen: dict[int, torch.UntypedStorage],
    ) -> None:
        for address, storage in storages_of([tensor]):
            if maker is not None and address not in self._seen and address not in seen:
                seen[address] = storage
                sums[maker] += storage.nbytes()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take in arguments; before the hooks of the watch, which enter the module."""

        def called(name: str) -> Any:
            return lambda _, given, named: self.add_arguments(name, (given, named))

        handles = [
            module.register_forward_pre_hook(called(name), prepend=True, with_kwargs=True)
            for name, module in self._watch.model.named_modules()
            if name in self._recomputed
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _tensors(values: Any) -> list[torch.Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, torch.Tensor)]


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
def returned_bytes(watch: Watch, recomputed: Collection[str] = ()) -> Iterator[KeptBytes]:
    """Count what modules return in this context: an estimate of what they keep."""
    counted = KeptBytes(watch, recomputed)

    def returned(_: nn.Module, __: Any, output: Any) -> None:
        for tensor in _tensors(output):
            counted.add(tensor)

    # Before the hooks of the watch, which leave the module.
    modules = watch.model.modules()
    handles = [module.register_forward_hook(returned, prepend=True) for module in modules]
    try:
        with counted.listening():
            yield counted
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def kept_bytes(watch: Watch, recomputed: Collection[str] = ()) -> Iterator[KeptBytes]:
    """Count what autograd keeps in this context. What is checkpointed is rightly not seen."""
    counted = KeptBytes(watch, recomputed)

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        counted.add(tensor)
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, counted.listening():
        yield counted
