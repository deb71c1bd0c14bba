"""Parameters that get memory and values only when it is known which rank holds them.

What is done to them until then, on the meta device, is written down and done later, to those that
are asked for. Each random operation has a seed of its own, drawn from the script's seed, so that
every rank gets the values any other would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.whole_functions import whole_functions

_aten = torch.ops.aten
_EMPTY = {_aten.empty.memory_format, _aten.empty_strided.default}
_FACTORIES = {*_EMPTY, _aten.rand.default, _aten.randn.default}
_SEEDS = 1 << 62


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor without values: a window on the memory that ``key`` stands for."""

    key: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int

    @classmethod
    def of(cls, tensor: torch.Tensor) -> _View:
        key = tensor.untyped_storage()._cdata
        return cls(key, tuple(tensor.shape), tensor.stride(), int(tensor.storage_offset()))


@dataclass(frozen=True, slots=True)
class _Operation:
    """``call`` on ``arguments``, in which views stand for tensors; what it makes or changes."""

    call: Any
    arguments: Any
    made: tuple[_View | None, ...]
    changed: frozenset[int]
    needed: frozenset[int]


class _Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down what is done to tensors that are made while it is on."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[_Operation] = []
        self.keys: set[int] = set()
        self.seed = int(torch.randint(_SEEDS, ()))
        self._kept: list[Any] = []  # keys are addresses, which others must not get

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run on the meta device what makes tensors or concerns those that were made so."""
        named = dict(kwargs or {})
        ours = any(self.holds(leaf) for leaf in tree_leaves((args, named)))
        if func in _FACTORIES and not ours and _makes_parameters(named):
            named["device"] = torch.device("meta")
            named["dtype"] = named.get("dtype") or torch.get_default_dtype()  # which may change
        elif not ours:
            return func(*args, **named)
        found = func(*args, **named)
        self._write(func, (args, named), found)
        return found

    def holds(self, thing: Any) -> bool:
        """Whether ``thing`` is a tensor that waits."""
        return isinstance(thing, torch.Tensor) and _key(thing) in self.keys

    def _write(self, func: Any, given: Any, found: Any) -> None:
        views = [_View.of(leaf) for leaf in tree_leaves(given) if self.holds(leaf)]
        made = [leaf for leaf in tree_leaves(found) if isinstance(leaf, torch.Tensor)]
        new = tuple(None if self.holds(t) or not _key(t) else _View.of(t) for t in made)
        fresh = frozenset(view.key for view in new if view)
        if not (fresh or func._schema.is_mutable):
            return  # a view of what there is
        arguments = tree_map(lambda x: _View.of(x) if self.holds(x) else _on_cpu(x), given)
        used = frozenset(view.key for view in views)
        changed = used if func._schema.is_mutable else frozenset()
        self._kept += [tensor.untyped_storage() for tensor in made if _key(tensor)]
        self.keys |= fresh
        self.operations.append(_Operation(func, arguments, new, changed | fresh, used))

    def later(self, function: Any, tensor: torch.Tensor, given: Any) -> None:
        """Write down a whole function that changes ``tensor``."""
        view, (arguments, named) = _View.of(tensor), given
        inputs, keys = ((view, *arguments), named), frozenset({view.key})
        self.operations.append(_Operation(function, inputs, (None,), keys, keys))

    def values(self, wanted: set[int]) -> dict[int, torch.Tensor]:
        """Memory for the keys ``wanted``, with everything done to it, in the order it was."""
        needed, chosen = set(wanted), []
        for number in range(len(self.operations) - 1, -1, -1):
            if self.operations[number].changed & needed:
                needed |= self.operations[number].needed
                chosen.append(number)
        memory: dict[int, torch.Tensor] = {}
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            for number in reversed(chosen):
                self._do(number, memory)
        return {key: memory[key] for key in wanted}

    def _do(self, number: int, memory: dict[int, torch.Tensor]) -> None:
        operation = self.operations[number]
        if _draws(operation.call):
            torch.manual_seed((self.seed + number * 0x9E3779B97F4A7C15) % _SEEDS)
        args, named = tree_map(lambda x: _real(x, memory), operation.arguments)
        found = [t for t in tree_leaves(operation.call(*args, **named)) if torch.is_tensor(t)]
        for view, tensor in zip(operation.made, found, strict=True):
            if view is not None:
                memory[view.key] = _laid_out(tensor, view)
                if operation.call in _EMPTY:
                    tensor.fill_(torch.nan)  # what nobody initialises is to be seen


_tapes: list[_Tape] = []


@contextmanager
def delay_param_initialization(enabled: bool = True) -> Iterator[None]:
    """Parameters of modules made in this context wait for the partition."""
    if not enabled:
        yield
        return
    with _Tape() as tape, whole_functions(tape.holds, tape.later):
        _tapes.append(tape)
        yield


@contextmanager
def recording() -> Iterator[None]:
    """What is done in this context to parameters that wait is done once they have values."""
    with ExitStack() as stack:
        for tape in _tapes:
            stack.enter_context(tape)
        yield


def agree_on_seeds() -> None:
    """Let all ranks use the seeds of the first; those who have delayed anything call it."""
    seeds = [[tape.seed for tape in _tapes]]
    if not _tapes:
        return
    dist.broadcast_object_list(seeds, src=0)
    for tape, seed in zip(_tapes, seeds[0], strict=True):
        tape.seed = seed


def waiting(tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """Those of ``tensors`` that have no values yet."""
    keys = {key for tape in _tapes for key in tape.keys}
    return [t for t in tensors if _key(t) in keys]


def initialise(module: nn.Module, only: Iterable[torch.Tensor] | None = None) -> None:
    """Give parameters and buffers of ``module`` that wait, or ``only`` those, their values."""
    given = [*module.parameters(), *module.buffers()] if only is None else list(only)
    found = list(dict.fromkeys(waiting(given)))
    for tape in _tapes:
        mine = {t: _View.of(t) for t in found if _key(t) in tape.keys}
        memory = tape.values({view.key for view in mine.values()})
        for tensor, view in mine.items():
            _become(tensor, memory[view.key].as_strided(view.size, view.stride, view.offset))
    _check_none_is_lost(module, given)


def _check_none_is_lost(module: nn.Module, given: list[torch.Tensor]) -> None:
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.is_meta and any(tensor is wanted for wanted in given):
            raise SpecError(
                f"{name} is on the meta device and nobody knows its values: what changes a model, "
                "such as model.half(), belongs into the context smp.delay_param_initialization()",
                argument="module",
            )


def settle(module: nn.Module, own: Iterable[torch.Tensor]) -> None:
    """Give the values of what is this rank's ``own``; the rest of ``module`` gets no elements."""
    initialise(module, own)
    for tensor in waiting([*module.parameters(), *module.buffers()]):
        _become(tensor, torch.empty(0, dtype=tensor.dtype))


def _become(tensor: torch.Tensor, value: torch.Tensor) -> None:
    """Let ``tensor`` stay the object it is, which optimizers and modules know."""
    made: Any = value
    if isinstance(tensor, nn.Parameter):
        made = nn.Parameter(value, requires_grad=tensor.requires_grad)
    made.__dict__.update(tensor.__dict__)
    torch.utils.swap_tensors(tensor, made)  # type: ignore[no-untyped-call]


def _key(tensor: torch.Tensor) -> int:
    """What stands for the memory of a tensor on the meta device; 0 for others."""
    return tensor.untyped_storage()._cdata if tensor.device.type == "meta" else 0


def _draws(call: Any) -> bool:
    """Whether ``call`` takes random numbers."""
    tags = getattr(call, "tags", (torch.Tag.nondeterministic_seeded,))
    return torch.Tag.nondeterministic_seeded in tags


def _laid_out(tensor: torch.Tensor, view: _View) -> torch.Tensor:
    """``tensor`` in the order of memory that it had on the meta device, where that differs."""
    if tensor.stride() == view.stride:
        return tensor
    made = torch.empty_strided(view.size, view.stride, dtype=tensor.dtype, device=tensor.device)
    return made.copy_(tensor)


def _makes_parameters(named: dict[str, Any]) -> bool:
    dtype = named.get("dtype") or torch.get_default_dtype()
    device = torch.device(named.get("device") or "cpu")
    return bool(dtype.is_floating_point) and device.type != "meta"


def _on_cpu(thing: Any) -> Any:
    return torch.device("cpu") if isinstance(thing, torch.device) else thing


def _real(thing: Any, memory: dict[int, torch.Tensor]) -> Any:
    if not isinstance(thing, _View):
        return thing
    return memory[thing.key].as_strided(thing.size, thing.stride, thing.offset)
