"""torch.distributed: nccl becomes gloo, and devices become the CPU."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist
from torch.cuda import nccl
from torch.distributed import device_mesh, distributed_c10d

from jupyter_sdt.runtime.virtual_cuda.devices import on_cpu
from jupyter_sdt.runtime.virtual_cuda.patching import Function, wrap

_TYPES = ("cuda", "cpu")


def install_backends() -> None:
    """Let process groups, barriers and meshes be made for virtual devices."""
    for name in ("init_process_group", "new_group", "new_subgroups", "barrier"):
        wrap(distributed_c10d, name, _WRAPPERS[name])
        if hasattr(dist, name):
            setattr(dist, name, getattr(distributed_c10d, name))
    # torch's own code goes on asking distributed_c10d, and gets the truth.
    dist.is_nccl_available = lambda: True
    nccl.version = _nccl_version
    wrap(device_mesh.DeviceMesh, "__init__", _mesh)
    wrap(device_mesh, "init_device_mesh", _init_mesh)
    dist.init_device_mesh = device_mesh.init_device_mesh  # type: ignore[attr-defined]


def _nccl_version() -> tuple[int, int, int]:
    """A version that has all that scripts ask versions for: bfloat16 and the like."""
    return (2, 21, 5)


def backend_on_cpu(backend: Any) -> Any:
    """``gloo`` for nccl, and for "cuda:nccl,cpu:gloo"; other names as they are."""
    if not isinstance(backend, str):
        return backend
    if ":" not in backend:
        return "gloo" if backend.lower() == "nccl" else backend
    pairs = dict(pair.split(":", 1) for pair in backend.split(","))
    return backend_on_cpu(pairs.get("cpu") or pairs.get("cuda") or backend)


def _group(original: Function) -> Function:
    """init_process_group(backend=...): one accelerator's options mean nothing to gloo."""

    def init_process_group(backend: Any = None, *arguments: Any, **options: Any) -> Any:
        options.pop("device_id", None)
        if backend_on_cpu(backend) != backend:
            options.pop("pg_options", None)
        return original(backend_on_cpu(backend), *arguments, **options)

    return init_process_group


def _new_group(original: Function) -> Function:
    def new_group(*arguments: Any, **options: Any) -> Any:
        # ranks, timeout, backend, ...
        words = [backend_on_cpu(word) if isinstance(word, str) else word for word in arguments]
        if "backend" in options:
            options["backend"] = backend_on_cpu(options["backend"])
        options.pop("device_id", None)
        return original(*words, **options)

    return new_group


def _barrier(original: Function) -> Function:
    def barrier(
        group: Any = None,
        async_op: bool = False,
        device_ids: Any = None,  # noqa: ARG001 - only NCCL takes them
    ) -> Any:
        return original(group, async_op)

    return barrier


def _mesh(original: Function) -> Function:
    def begin(self: Any, device_type: str, *arguments: Any, **options: Any) -> None:
        original(self, _type_on_cpu(device_type), *arguments, **options)

    return begin


def _init_mesh(original: Function) -> Function:
    def init_device_mesh(device_type: str, *arguments: Any, **options: Any) -> Any:
        return original(_type_on_cpu(device_type), *arguments, **options)

    return init_device_mesh


def _type_on_cpu(device_type: str) -> str:
    return str(on_cpu(device_type))


_WRAPPERS = {
    "init_process_group": _group,
    "new_group": _new_group,
    "new_subgroups": _new_group,
    "barrier": _barrier,
}
