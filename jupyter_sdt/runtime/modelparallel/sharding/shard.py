"""Dividing a model's parameters among groups of ranks, and gathering them layer by layer.

MiCS: Zhang et al., arXiv 2205.00119. torch's ``fully_shard`` does the work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.sharding.pieces import keep_group
from jupyter_sdt.runtime.modelparallel.world import World

_HALF = (torch.float16, torch.bfloat16)


def shard(world: World, module: nn.Module) -> None:
    """Leave on each rank its part of the parameters of ``module``, along their first dimension.

    A group of ``sharded_data_parallel_degree`` neighbours holds all of them; groups are replicas of
    each other. Parameters below ``sdp_param_persistence_threshold`` elements stay whole. The rest
    become torch.distributed.tensor.DTensors, so that optimizers are made afterwards. Raises
    DistributionError with tensor parallelism.
    """
    asked = world.parameters
    if asked.tensor_parallel_degree > 1:
        raise DistributionError(
            f"sharded_data_parallel_degree={asked.sharded_data_parallel_degree} with "
            f"tensor_parallel_degree={asked.tensor_parallel_degree}: not available together; use "
            "tensor_parallel_degree=1",
            argument="sharded_data_parallel_degree",
        )
    mesh = _mesh(world, asked.sharded_data_parallel_degree)
    threshold = asked.sdp_param_persistence_threshold
    whole = {p for p in module.parameters() if p.numel() < threshold}
    half = any(p.dtype in _HALF for p in module.parameters())
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32 if half else None)
    for unit in units(module):
        fully_shard(unit, mesh=mesh, ignored_params=whole, mp_policy=policy)


def units(model: nn.Module) -> Iterator[nn.Module]:
    """Modules that are gathered one at a time, the model itself last.

    They are the layers: what nn.Sequential and nn.ModuleList hold. One that shares a parameter
    with others is gathered with the module above it.
    """
    uses = Counter(id(p) for m in model.modules() for p in m._parameters.values() if p is not None)
    for holder in reversed(list(model.modules())):
        for layer in (
            holder.children() if isinstance(holder, (nn.Sequential, nn.ModuleList)) else ()
        ):
            own = list(layer.parameters())
            alone = all(uses[id(p)] == 1 for p in own)
            if own and alone and not isinstance(layer, (nn.Sequential, nn.ModuleList)):
                yield layer
    yield model


def _mesh(world: World, degree: int) -> DeviceMesh:
    """Groups of ``degree`` neighbours, and across them the ranks that hold the same."""
    ranks = torch.tensor(world.group("dp").ranks).view(-1, degree)
    backend = "gloo" if world.device.type == "cpu" else None
    # Every rank makes every group, in one order: torch demands it.
    rows = [dist.new_group(row, backend=backend) for row in ranks.tolist()]
    columns = [dist.new_group(column, backend=backend) for column in ranks.T.tolist()]
    place = (ranks == world.rank).nonzero()[0].tolist()
    row, column = rows[place[0]], columns[place[1]]
    keep_group(row)
    kind = world.device.type
    if len(rows) == 1:
        return DeviceMesh.from_group(row, kind, mesh_dim_names=("shard",))
    names = ("replicate", "shard")
    return DeviceMesh.from_group([column, row], kind, mesh=ranks, mesh_dim_names=names)
