"""Any object as bytes and the tensors inside it, and back again."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.pipeline.plain_calls import plain_call

_NUMBERS = (int, float, complex)
# Skeletons of what is most frequent: a tensor and nothing else, and a call with one.
_TENSOR, _ONE_ARGUMENT = b"", b"1"
# Skeletons of calls that differ in their tensors alone, and whether they are steady.
_calls: dict[Any, tuple[bytes, bool]] = {}
_KEPT_CALLS = 4096


@dataclass(frozen=True, slots=True)
class Packed:
    """``skeleton`` is the object with a number in place of each tensor; equal tensors count once.

    ``steady`` says that it holds no plain numbers, which may be another next time.
    """

    skeleton: bytes
    tensors: list[torch.Tensor]
    steady: bool


class _Packer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, names: Mapping[nn.Module, int]) -> None:
        super().__init__(stream, protocol=5)
        self.tensors: list[torch.Tensor] = []
        self.steady = True
        self._places: dict[int, int] = {}
        self._names = names

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, torch.Tensor):
            place = self._places.setdefault(id(thing), len(self.tensors))
            if place == len(self.tensors):
                self.tensors.append(thing)
            return place
        if type(thing) in _NUMBERS:
            self.steady = False
        if isinstance(thing, nn.Module) and thing in self._names:
            return "module", self._names[thing]
        return None


class _Unpacker(pickle.Unpickler):
    def __init__(
        self, stream: io.BytesIO, tensors: Sequence[torch.Tensor], modules: Sequence[nn.Module]
    ) -> None:
        super().__init__(stream)
        self._tensors, self._modules = tensors, modules

    def persistent_load(self, pid: Any) -> Any:
        return self._tensors[pid] if isinstance(pid, int) else self._modules[pid[1]]


def pack(thing: Any, names: Mapping[nn.Module, int], what: str) -> Packed:
    """Take ``thing`` apart; modules in ``names`` travel by number.

    Raises SpecError, naming ``what``, for an object that cannot be pickled.
    """
    if isinstance(thing, torch.Tensor):
        return Packed(_TENSOR, [thing], steady=True)
    if _is_one_argument(thing):
        return Packed(_ONE_ARGUMENT, [thing[0][0]], steady=True)
    plain = plain_call(thing)
    if plain is None:
        return _pickled(thing, names, what)
    if plain.kind not in _calls:
        if len(_calls) >= _KEPT_CALLS:
            _calls.clear()
        packed = _pickled(thing, names, what)
        _calls[plain.kind] = packed.skeleton, packed.steady
    skeleton, steady = _calls[plain.kind]
    return Packed(skeleton, plain.tensors, steady)


def _pickled(thing: Any, names: Mapping[nn.Module, int], what: str) -> Packed:
    stream = io.BytesIO()
    packer = _Packer(stream, names)
    try:
        packer.dump(thing)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SpecError(
            f"{what} cannot travel to another stage of the pipeline: {error}; pass tensors, numbers"
            ", text, and containers or dataclasses of them",
            argument=what,
        ) from error
    return Packed(stream.getvalue(), packer.tensors, packer.steady)


def unpack(skeleton: bytes, tensors: Sequence[torch.Tensor], modules: Sequence[nn.Module]) -> Any:
    """Put together again what :func:`pack` took apart, with other tensors in the old places."""
    if skeleton == _TENSOR:
        return tensors[0]
    if skeleton == _ONE_ARGUMENT:
        return (tensors[0],), {}
    return _Unpacker(io.BytesIO(skeleton), tensors, modules).load()


def _is_one_argument(thing: Any) -> bool:
    return (
        type(thing) is tuple
        and len(thing) == 2
        and thing[1] == {}
        and type(thing[0]) is tuple
        and len(thing[0]) == 1
        and isinstance(thing[0][0], torch.Tensor)
    )
