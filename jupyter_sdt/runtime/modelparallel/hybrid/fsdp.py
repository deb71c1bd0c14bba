"""torch's FullyShardedDataParallel, sharding among the ranks that the configuration says.

Scripts wrap their models themselves and say nothing about groups.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel, ShardingStrategy

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.experts.sharding import (
    group_of_experts,
    is_divided,
    without_experts,
    wrap_experts,
)

_HYBRID = {ShardingStrategy.HYBRID_SHARD, ShardingStrategy._HYBRID_SHARD_ZERO2}
_KEEPS_PARAMETERS = {ShardingStrategy.SHARD_GRAD_OP, ShardingStrategy._HYBRID_SHARD_ZERO2}


def install() -> None:
    """Let models that are wrapped from now on be sharded as the job's configuration says.

    A process group or mesh that the script gives is left alone.
    """
    original: Any = FullyShardedDataParallel.__init__
    if hasattr(original, "sdt_hybrid"):
        return

    signature = inspect.signature(original)

    @functools.wraps(original)
    def begin(
        self: Any,
        module: nn.Module,
        *arguments: Any,
        post_param_init_fn: Callable[[nn.Module], object] | None = None,
        **options: Any,
    ) -> None:
        named = signature.bind(self, module, *arguments, **options).arguments
        named.pop("self")
        _wrap(functools.partial(original, self), named)
        if post_param_init_fn is not None:
            post_param_init_fn(module)

    begin.sdt_hybrid = True  # type: ignore[attr-defined]
    FullyShardedDataParallel.__init__ = begin  # type: ignore[method-assign]


def _wrap(original: Callable[..., None], options: dict[str, Any]) -> None:
    """Fill in what the script leaves to us, and shard experts among those who have the same."""
    module, asked = options["module"], options.get("sharding_strategy")
    if options.get("process_group") is None and options.get("device_mesh") is None:
        group, strategy = (group_of_experts if is_divided(module) else _groups)(asked)
        options |= {"process_group": group, "sharding_strategy": strategy}
    options.setdefault("device_id", state.current().device)
    if options.get("auto_wrap_policy") is None:
        # torch wraps modules inside out, the script's policy having been applied.
        wrap_experts(module, options)
        original(**options)
        return
    original(**without_experts(module, options))
    wrap_experts(module, options)


def _groups(asked: ShardingStrategy | None) -> tuple[Any, ShardingStrategy | None]:
    """The groups and the strategy for a script that asked for ``asked``, as documented.

    hybrid_shard_degree 0 and 1 leave the strategy to the script, others shard among that many
    ranks and replicate among the rest.
    """
    groups, degrees = state.current().groups, state.current().degrees
    if degrees.hybrid_shard_degree == 1 and degrees.tensor_parallel_degree > 1:
        return groups.data.process_group, ShardingStrategy.NO_SHARD
    if degrees.hybrid_shard_degree < 2 and asked not in _HYBRID:
        return groups.data.process_group, asked
    size = degrees.shards if asked not in _HYBRID else degrees.shards_of_a_node
    if size == degrees.data_ranks:
        whole = _KEEPS_PARAMETERS if asked in _KEEPS_PARAMETERS else {ShardingStrategy.FULL_SHARD}
        strategy = (whole - _HYBRID).pop()
        return groups.data.process_group, strategy
    pair = (groups.shard(size).process_group, groups.replicas(size).process_group)
    keeps = asked in _KEEPS_PARAMETERS
    return pair, (ShardingStrategy._HYBRID_SHARD_ZERO2 if keeps else ShardingStrategy.HYBRID_SHARD)
