"""How much a module computes, counted instead of timed: the same on every machine, every time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from jupyter_sdt.runtime.modelparallel.partition.watching import Watch

# One core of a present CPU; a GPU has more of both, in a similar ratio.
_FLOPS_PER_SECOND = 1e11
_BYTES_PER_SECOND = 1e10


class WorkCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own hook
    """Adds up floating-point operations and moved bytes of the module that computes.

    Before an operation changes a parameter in place, the parameter's values are kept:
    :meth:`put_back` restores them.
    """

    def __init__(self, model: nn.Module, watch: Watch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seconds: dict[str, float] = defaultdict(float)
        self._watch = watch
        self._parameters = {p.untyped_storage().data_ptr(): p for p in model.parameters()}
        self._kept: dict[int, torch.Tensor] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one operation and count it."""
        named = dict(kwargs or {})
        if func._schema.is_mutable:
            self._keep(tree_leaves((args, named)))
        result = func(*args, **named)
        if self._watch.current is not None:
            self.seconds[self._watch.current] += _work(func, args, named, result)
        return result

    def put_back(self) -> None:
        """Give parameters that forward changed the values they had before."""
        with torch.no_grad():
            for pointer, values in self._kept.items():
                self._parameters[pointer].copy_(values)

    def _keep(self, values: list[Any]) -> None:
        for value in values:
            if isinstance(value, torch.Tensor):
                pointer = value.untyped_storage().data_ptr()
                if pointer in self._parameters and pointer not in self._kept:
                    self._kept[pointer] = self._parameters[pointer].detach().clone()


class ReadingCounter(TorchFunctionMode):
    """Notices modules that compute with parameters of modules that they do not call.

    ``pairs`` are their names: the reader's, and the parameter's owner's.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.pairs: dict[tuple[str, str], None] = {}
        self._watch = watch

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one function of torch and look at its arguments."""
        named = dict(kwargs or {})
        result = func(*args, **named)
        reader = self._watch.current
        # Asking a parameter for its dtype is not computing with it.
        if reader is not None and _has_tensor(result):
            for value in tree_leaves((args, named)):
                owner = self._watch.owners.get(id(value))
                if owner is not None and owner != reader and isinstance(value, nn.Parameter):
                    self.pairs.setdefault((reader, owner))
        return result


def _has_tensor(value: Any) -> bool:
    return any(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(value))


def _work(func: Any, args: Any, named: Mapping[str, Any], result: Any) -> float:
    """Seconds that one operation would take if nothing but computing and moving took time."""
    count = flop_registry.get(func.overloadpacket)
    flops = count(*args, **named, out_val=result) if count is not None else 0
    inputs = [v for v in tree_leaves((args, named)) if isinstance(v, torch.Tensor)]
    outputs = [v for v in tree_leaves(result) if isinstance(v, torch.Tensor)]
    if func.is_view:
        return 0.0
    moved = sum(v.nbytes for v in (*inputs, *outputs))
    return float(flops) / _FLOPS_PER_SECOND + moved / _BYTES_PER_SECOND
