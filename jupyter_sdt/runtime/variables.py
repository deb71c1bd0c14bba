"""Values that travel between the notebook and the script: ``--in`` and ``--out``."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_sdt.errors import RuntimeStateError, did_you_mean
from jupyter_sdt.runtime.rank_files import RankFiles, write_whole


def load_variables(files: RankFiles, names: Iterable[str]) -> dict[str, Any]:
    """Read what ``--in`` sent, by name.

    Raises RuntimeStateError naming the variable that cannot be read here, with the reason (most
    often a module that this environment lacks).
    """
    return {name: _load(files, name) for name in names}


def save_variables(files: RankFiles, names: Iterable[str], values: Mapping[str, Any]) -> None:
    """Pickle what ``--out`` asked for.

    Tensors on an accelerator are brought to the CPU, and a model wrapped for data parallelism is
    saved as the plain module, because the notebook has neither the device nor the process group.
    Raises RuntimeStateError naming the variable that is missing or cannot be pickled; the others
    are saved, because a training may have taken days.
    """
    faults = [fault for name in names if (fault := _save(files, name, values))]
    if faults:
        raise faults[0]


def _save(files: RankFiles, name: str, values: Mapping[str, Any]) -> RuntimeStateError | None:
    if name not in values:
        known = [word for word in values if not word.startswith("_")]
        return RuntimeStateError(
            f"--out {name}: the script ended without a global variable of this name"
            + did_you_mean(name, known)
        )
    try:
        write_whole(files.variable_out(name), _dump(name, values[name]))
    except RuntimeStateError as error:
        return error
    return None


def _load(files: RankFiles, name: str) -> Any:
    try:
        # The job directory is the user's own and private (0700); so are its pickles.
        return pickle.loads(files.variable_in(name).read_bytes())  # noqa: S301
    except Exception as error:
        raise RuntimeStateError(
            f"--in {name}: cannot be read on this rank: {type(error).__name__}: {error}"
        ) from error


def _dump(name: str, value: Any) -> bytes:
    buffer = io.BytesIO()
    try:
        _PlainPickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception as error:  # noqa: BLE001 - anybody's __reduce__ may raise anything
        raise RuntimeStateError(
            f"--out {name}: a {type(value).__qualname__} that cannot be pickled: {error}"
        ) from None
    return buffer.getvalue()


class _PlainPickler(pickle.Pickler):
    def reducer_override(self, thing: Any) -> Any:
        torch = sys.modules.get("torch")
        if torch is None:
            return NotImplemented
        if isinstance(thing, torch.Tensor) and thing.device.type != "cpu":
            return _to_cpu(torch, thing).__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if isinstance(thing, torch.nn.Module) and _wraps_in_parallel(thing):
            return _same, (thing.module,)
        return NotImplemented


def _to_cpu(torch: Any, tensor: Any) -> Any:
    plain = tensor.detach().cpu()
    if isinstance(tensor, torch.nn.Parameter):
        return torch.nn.Parameter(plain, requires_grad=tensor.requires_grad)
    return plain.requires_grad_(tensor.requires_grad)


def _wraps_in_parallel(module: Any) -> bool:
    return type(module).__name__ in {"DistributedDataParallel", "DataParallel"}


def _same(thing: Any) -> Any:
    return thing
