"""``torch.sagemaker.state``: ranks, sizes and groups under the names that scripts read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.distributed as dist

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.hybrid.groups import Group
from jupyter_sdt.runtime.modelparallel.hybrid.random_states import RandomStates


class Ranker:
    """Which place a rank has in the groups along one axis, and all of these groups."""

    def __init__(self, groups: Callable[[], dict[str, list[list[int]]]]) -> None:
        self._groups = groups

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """``get_rep_rank(rank=None)``, ``get_rep_groups()``; also tp, dp, shard, cp and ep."""
        words = name.split("_")
        if len(words) == 3 and words[0] == "get" and words[2] in ("rank", "groups"):
            axis = words[1]
            if axis in _AXES:
                return self._rank(axis) if words[2] == "rank" else lambda: self._groups()[axis]
        raise AttributeError(f"state.ranker has no {name!r}; axes are {', '.join(_AXES)}")

    def _rank(self, axis: str) -> Callable[..., int]:
        def place(rank: int | None = None) -> int:
            wanted = dist.get_rank() if rank is None else rank
            return next(g.index(wanted) for g in self._groups()[axis] if wanted in g)

        return place


_AXES = ("tp", "dp", "shard", "rep", "cp", "ep")


class Places:
    """What :func:`jupyter_sdt.runtime.modelparallel.hybrid.state.start` has found.

    ``tp_``, ``dp_``, ``shard_``, ``rep_``, ``cp_`` and ``ep_`` with ``rank``, ``size`` and
    ``process_group``: tensor peers; ranks with batches of their own; those among them that share
    one copy of the parameters; those that hold the same ones; ranks with parts of the same
    sequences; ranks that hold all experts together. Every name raises RuntimeStateError before
    ``init()``.
    """

    def __init__(self) -> None:
        self.ranker = Ranker(_groups)
        self._random_states = RandomStates()

    def get_rng_state_tracker(self) -> RandomStates:
        """Named states of the random numbers, to be forked from."""
        return self._random_states

    def __getattr__(self, name: str) -> Any:
        axis, _, what = name.partition("_")
        if axis in _AXES and what in ("rank", "size", "process_group"):
            return getattr(_group(axis), what)
        if name in _NAMES:
            return _NAMES[name](state.current())
        configuration = state.current().configuration.as_mapping()
        if name in configuration:
            return configuration[name]
        raise AttributeError(f"torch.sagemaker.state has no {name!r}")


_NAMES: dict[str, Callable[[state.Hybrid], Any]] = {
    "rank": lambda _: dist.get_rank(),
    "world_size": lambda _: dist.get_world_size(),
    "world_process_group": lambda _: dist.group.WORLD,
    "device": lambda here: here.device,
    "config": lambda here: here.configuration,
    # What is in force, where the parameters leave it to us.
    "hybrid_shard_degree": lambda here: here.degrees.shards,
    "rep_rank_process_group": lambda _: _group("rep").process_group,
}


def _group(axis: str) -> Group:
    groups, shards = state.current().groups, state.current().degrees.shards
    found = {
        "tp": groups.tensor,
        "dp": groups.batch,
        "cp": groups.context,
        "ep": groups.experts,
    }.get(axis)
    if found is not None:
        return found
    return groups.shard(shards) if axis == "shard" else groups.replicas(shards)


def _groups() -> dict[str, list[list[int]]]:
    degrees = state.current().degrees
    return {
        "tp": degrees.tensor_groups(),
        "dp": degrees.batch_groups(),
        "shard": degrees.shard_groups(degrees.shards),
        "rep": degrees.replica_groups(degrees.shards),
        "cp": degrees.context_groups(),
        "ep": degrees.expert_groups(),
    }


places = Places()
