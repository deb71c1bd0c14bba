"""Notebook variables on their way into a job: pickled, or refused by name with the reason."""

from __future__ import annotations

import io
import math
import pickle
import threading
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean

_LOCKS = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Condition,
    threading.Event,
    threading.Semaphore,
)
_RUNNING = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_MOVE_IT = (
    "the job cannot import the notebook; define it in the cell itself, or in a file that "
    "--source-dir sends along"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedVariable:
    """One variable as the job will unpickle it (protocol 5)."""

    name: str
    kind: str
    content: bytes

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {readable_size(len(self.content))})"


def pack_variables(names: Iterable[str], variables: Mapping[str, Any]) -> list[PackedVariable]:
    """Pickle the notebook's variables ``names``.

    Raises SpecError naming the first variable that does not exist or cannot be sent, and the cure.
    """
    return [_pack(name, _look_up(name, variables)) for name in names]


def readable_size(size: int) -> str:
    """``size`` in bytes as people write it: ``31 bytes``, ``15.4 MB``."""
    if size < 1000:
        return f"{size} bytes"
    power = min(int(math.log10(size)) // 3, 4)
    return f"{size / 1000**power:.4g} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def describe_kind(value: object) -> str:
    """The type of ``value``, with its shape where it has one: ``Tensor 1797x64``."""
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    if isinstance(shape, tuple) and shape and all(isinstance(size, int) for size in shape):
        return f"{kind} {'x'.join(map(str, shape))}"
    return kind


class _UnsendableError(Exception):
    """What is wrong with an object met while pickling."""


class _Pickler(pickle.Pickler):
    """Refuses what would unpickle only in this notebook, or could not be pickled at all.

    Pickle stores classes and functions by name, so those of the notebook would pass here and fail
    in the job, after it was started.
    """

    def reducer_override(self, obj: Any, /) -> Any:
        reason = _reason(obj)
        if reason:
            raise _UnsendableError(reason)
        return NotImplemented


def _reason(obj: Any) -> str:
    if isinstance(obj, types.ModuleType):
        return f"the module {obj.__name__!r}; import it in the cell instead"
    if isinstance(obj, io.IOBase):
        return f"an open file ({type(obj).__name__}); send its path, and open it in the cell"
    if isinstance(obj, _RUNNING):
        return f"a {type(obj).__name__}; send list(...) of it, or make it in the cell"
    if isinstance(obj, _LOCKS):
        return f"a {type(obj).__name__} of threads; make it in the cell"
    return _notebook_definition(obj)


def _notebook_definition(obj: Any) -> str:
    named = obj if isinstance(obj, (type, types.FunctionType)) else type(obj)
    if getattr(named, "__module__", None) != "__main__":
        return ""
    if isinstance(obj, types.FunctionType):
        return f"the function {obj.__qualname__!r}, defined in the notebook: {_MOVE_IT}"
    what = "the class" if named is obj else "an object of the class"
    return f"{what} {named.__qualname__!r}, defined in the notebook: {_MOVE_IT}"


def _look_up(name: str, variables: Mapping[str, Any]) -> Any:
    if name not in variables:
        public = [known for known in variables if not known.startswith("_")]
        raise _refusal(name, f"there is no such variable{did_you_mean(name, public)}")
    return variables[name]


def _pack(name: str, value: Any) -> PackedVariable:
    file = io.BytesIO()
    try:
        _Pickler(file, protocol=5).dump(value)
    except _UnsendableError as error:
        raise _refusal(name, f"it is or contains {error}") from None
    except Exception as error:  # anybody's __reduce__ may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise _refusal(name, f"it cannot be pickled ({reason}); make it in the cell") from error
    return PackedVariable(name=name, kind=describe_kind(value), content=file.getvalue())


def _refusal(name: str, reason: str) -> SpecError:
    return SpecError(f"--in {name}: {reason}", argument="--in")
