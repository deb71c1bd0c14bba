"""torch's DistributedDataParallel with gradients in shared buffers of one size."""

from __future__ import annotations

import inspect
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch._C._distributed_c10d import _register_comm_hook
from torch.nn import parallel

from jupyter_sdt.runtime.allocator import leaving_no_holes
from jupyter_sdt.runtime.dataparallel.fused_gradients import FusedGradients, fused_hook

_MB = 1 << 20
# Measured (benchmarks/dataparallel, buffers): smaller ones cost more calls than they hide.
BUFFER_MB = 25.0
# How much torch's reducer collects before it tells that gradients are there.
_NEWS_MB = 1.0
# These have ways of their own to exchange gradients.
_OWN_WAYS = ("mixed_precision", "skip_all_reduce_unused_params", "bucket_cap_mb_list")


class DistributedDataParallel(parallel.DistributedDataParallel):
    """torch's class, with all its arguments; the exchange of gradients alone is another one.

    Gradients lie one behind the other in memory that the ranks of a node see, in the order in which
    backward makes them, cut in buffers of at most ``bucket_cap_mb`` (25 by default) that are all of
    one size, whatever the sizes of the layers. Each is reduced as soon as it is full. ``.grad`` are
    views of them, as with torch's ``gradient_as_bucket_view=True``. A hook of the user's that is
    registered gets torch's buckets instead.

    On GPUs, with one rank, and with ``mixed_precision``, ``skip_all_reduce_unused_params`` or
    ``bucket_cap_mb_list`` it is torch's class and nothing else.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
    """

    _fused: FusedGradients | None = None
    _limit = 0  # bytes of a buffer; 0 where torch does everything

    def __init__(self, module: nn.Module, *arguments: Any, **options: Any) -> None:
        known = inspect.signature(parallel.DistributedDataParallel.__init__)
        settings = dict(known.bind(self, module, *arguments, **options).arguments)
        del settings["self"], settings["module"]
        limit = 0
        if _is_for_us(module, settings):
            asked = settings.get("bucket_cap_mb")
            limit = int(_MB * (asked or BUFFER_MB))
            settings |= {"gradient_as_bucket_view": True, "bucket_cap_mb": asked or _NEWS_MB}
        with leaving_no_holes() if limit else nullcontext():
            super().__init__(module, **settings)
        self._limit = limit
        if limit:
            self.bucket_bytes_cap = limit  # where torch.compile cuts the graph
        self._fuse()

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Call the module; its gradients will be exchanged."""
        if self._fused is None or self._fused.rounds != 1:
            return super().forward(*inputs, **named)  # type: ignore[no-untyped-call]
        with leaving_no_holes():  # torch makes its buckets anew: for one pass
            return super().forward(*inputs, **named)  # type: ignore[no-untyped-call]

    def register_comm_hook(self, state: object, hook: Callable[..., Any]) -> None:
        """Let ``hook`` exchange gradients, once, before the first backward pass."""
        if self._fused is None:
            super().register_comm_hook(state, hook)
            return
        self._check_comm_hook(hook)  # type: ignore[no-untyped-call]
        if self._fused.custom is not None:
            raise RuntimeError("register_comm_hook: there is a hook already, and it stays")
        self._comm_hooks.append((hook, state))
        assert self.logger is not None  # made with the reducer
        self.logger._set_comm_hook_name(hook.__qualname__)
        self._fused.custom = hook, state

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # type: ignore[no-untyped-call]
        state.pop("_fused", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._fuse()

    def _fuse(self) -> None:
        if not self._limit:
            return
        sizes = _numbers_of_gradients(self)
        self._fused = FusedGradients(weakref.ref(self), sizes, self._limit)
        _register_comm_hook(self.reducer, self._fused, fused_hook)

    def _match_all_reduce_for_bwd_pass(self) -> None:
        """Stand in, within ``join()``, for a rank that has no more inputs."""
        if self._fused is None:
            super()._match_all_reduce_for_bwd_pass()  # type: ignore[no-untyped-call]
            return
        self._fused.is_shadow = True
        try:
            super()._match_all_reduce_for_bwd_pass()  # type: ignore[no-untyped-call]
        finally:
            self._fused.is_shadow = False


def _is_for_us(module: nn.Module, settings: dict[str, Any]) -> bool:
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    group = settings.get("process_group")
    return (
        bool(trainable)
        and all(parameter.is_cpu for parameter in trainable)
        and not any(settings.get(name) for name in _OWN_WAYS)
        and dist.get_world_size(group) > 1
    )


def _numbers_of_gradients(model: parallel.DistributedDataParallel) -> Counter[torch.dtype]:
    """How many dense gradients there are of each dtype."""
    parameters, is_sparse = model._build_params_for_reducer()  # type: ignore[no-untyped-call]
    sizes: Counter[torch.dtype] = Counter()
    for parameter, sparse in zip(parameters, is_sparse, strict=True):
        sizes[parameter.dtype] += 0 if sparse else parameter.numel()
    return sizes
