"""Counting what the modules of this rank keep for backward, to be compared with a prediction."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel.activations.recompute import counting, recomputing
from jupyter_sdt.runtime.modelparallel.activations.stages import placement
from jupyter_sdt.runtime.modelparallel.partition.activations import alive_tensors, storages_of
from jupyter_sdt.runtime.modelparallel.pipeline.remote_tensor import RemoteTensor


class Activations:
    """Bytes that autograd keeps ``now``, and the ``most`` at the same time."""

    def __init__(self) -> None:
        self.now = self.most = 0
        # They are held, so that no address is given out twice.
        self._known = dict(storages_of(alive_tensors()))
        self._users: Counter[int] = Counter()

    def keep(self, tensor: torch.Tensor) -> Any:
        """What autograd keeps in the place of ``tensor``."""
        if isinstance(tensor, RemoteTensor):  # without memory of its own
            return tensor
        found = [pair for pair in storages_of([tensor]) if pair[0] not in self._known]
        return _Kept(self, tensor, *found[0]) if found else tensor

    def add(self, address: int, size: int) -> None:
        """Count a storage when its first user comes."""
        self._users[address] += 1
        if self._users[address] == 1:
            self.now += size
            self.most = max(self.most, self.now)

    def remove(self, address: int, size: int) -> None:
        """Forget it when the last one leaves."""
        self._users[address] -= 1
        if not self._users[address]:
            del self._users[address]
            self.now -= size


class _Kept:
    """A tensor that autograd keeps, until it forgets it."""

    def __init__(
        self, count: Activations, tensor: torch.Tensor, address: int, storage: torch.UntypedStorage
    ) -> None:
        self.tensor = tensor
        self._count, self._storage = count, (address, storage.nbytes())
        count.add(*self._storage)

    def __del__(self) -> None:
        self._count.remove(*self._storage)


@contextmanager
def count_activations() -> Iterator[Activations]:
    """Count in this context, which holds whole steps, what modules of this rank keep for backward.

    Counted as ``predict_memory`` does: each storage once, without parameters, buffers and what was
    there before, such as the batch; of checkpointed modules the arguments. Raises RuntimeStateError
    before the model is partitioned.
    """
    decided = placement()
    if decided is None:
        raise RuntimeStateError(
            "count_activations(): which modules lie here is known after the first step"
        )
    count = Activations()
    with ExitStack() as stack:
        counting.append(count.keep)
        stack.callback(counting.remove, count.keep)
        for _, module in decided.modules():
            # Those of torch without parameters run elsewhere, unless they have hooks.
            if next(module.parameters(), None) is not None:
                stack.enter_context(_watched(module, count.keep))
        yield count


class _Running(threading.local):
    """Calls of one module that have begun, in each thread."""

    def __init__(self) -> None:
        self.contexts: list[AbstractContextManager[Any]] = []


@contextmanager
def _watched(module: nn.Module, keep: Callable[[torch.Tensor], Any]) -> Iterator[None]:
    """Let what ``module`` computes be kept by ``keep``."""
    running = _Running()

    def enter(*_: Any) -> None:
        # torch's checkpoint has hooks of its own, which must stay the last.
        hooks = nullcontext() if recomputing.get() else saved_tensors_hooks(keep, _given_back)
        running.contexts.append(hooks)
        hooks.__enter__()

    def leave(*_: Any) -> None:
        running.contexts.pop().__exit__(None, None, None)

    handles = [
        module.register_forward_pre_hook(enter, prepend=True),
        module.register_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _given_back(kept: Any) -> torch.Tensor:
    tensor: torch.Tensor = kept.tensor if isinstance(kept, _Kept) else kept
    return tensor
