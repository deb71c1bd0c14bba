"""In jobs of the data-parallel strategy smddp takes gloo's place, and on CPUs NCCL's as well."""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from jupyter_sdt.runtime.late_import import when_imported

_SMDDP = "smddp"


def prefer_smddp() -> None:
    """Let ``init_process_group`` join through smddp, from now on or from torch's import on."""
    when_imported("torch.distributed.distributed_c10d", _replace)


def preferred(backend: Any, has_cuda: bool) -> Any:
    """What a script gets that asks for ``backend``."""
    if backend is None:
        return None if has_cuda else _SMDDP
    asked = str(backend).lower()
    if asked in {"gloo", "cpu:gloo", "cpu:gloo,cuda:nccl"}:
        return _SMDDP
    return _SMDDP if asked == "nccl" and not has_cuda else backend


def _replace(c10d: ModuleType) -> None:
    join = c10d.init_process_group

    @functools.wraps(join)
    def init_process_group(backend: Any = None, *arguments: Any, **options: Any) -> None:
        chosen = preferred(backend, sys.modules["torch"]._C._has_cuda)
        if chosen == _SMDDP:
            # The import registers it with torch.
            import_module("jupyter_sdt.runtime.dataparallel")
            options.pop("device_id", None)
        join(chosen, *arguments, **options)

    c10d.init_process_group = init_process_group  # type: ignore[attr-defined]
    # torch.distributed copies the name; while it is being imported it has not yet done so.
    package = sys.modules.get("torch.distributed")
    if getattr(package, "init_process_group", None) is join:
        package.init_process_group = init_process_group  # type: ignore[union-attr]
