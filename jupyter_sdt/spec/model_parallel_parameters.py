"""``parameters`` of ``smdistributed.modelparallel``: names, ranges, and what excludes what.

Version 1 (``smdistributed.modelparallel``, started by mpi):
https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smd_model_parallel_general.html.
Version 2 (``torch.sagemaker``, started by torchrun):
https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html.
"""

from __future__ import annotations

import copy
import difflib
import json
import warnings
from collections.abc import Mapping
from itertools import permutations
from math import prod
from pathlib import Path
from typing import Any, Literal

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.layout import Layout, nearest_divisor, nearest_multiples
from jupyter_sdt.spec.value_checks import (
    ANYTHING,
    BOOLEAN,
    TEXT,
    Check,
    integer_from,
    number_from,
    one_of,
)

Version = Literal[1, 2]


_LAUNCHER: dict[Version, str] = {1: "mpi", 2: "torch_distributed"}
# "cluster" and "spread" are names of two of the permutations.
_PLACEMENTS = ("cluster", "spread", *("".join(letters) for letters in permutations("DPT")))
_POSITIVE = integer_from(1)
_COUNT = integer_from(0)
_AMOUNT = number_from(0)


def _each(check: Check, *names: str) -> dict[str, Check]:
    return dict.fromkeys(names, check)


_COMMON: dict[str, Check] = _each(_POSITIVE, "tensor_parallel_degree", "activation_loading_horizon")
_VERSION_1: dict[str, Check] = {
    **_each(_POSITIVE, "partitions", "pipeline_parallel_degree", "sharded_data_parallel_degree"),
    **_each(_POSITIVE, "microbatches", "active_microbatches"),
    "pipeline": one_of("simple", "interleaved", "_only_forward"),
    "optimize": one_of("speed", "memory"),
    "default_partition": _COUNT,
    "memory_weight": number_from(0.0, 1.0),
    "ddp_port": integer_from(1, 65535),
    "ddp_dist_backend": one_of("auto", "nccl", "gloo"),
    "partition_file": TEXT,
    **_each(BOOLEAN, "auto_partition", "contiguous", "load_partition", "horovod", "ddp"),
    **_each(BOOLEAN, "deterministic_server", "offload_activations", "skip_tracing"),
    **_each(BOOLEAN, "fp16", "fp16_params", "bf16", "shard_optimizer_state"),
    **_each(BOOLEAN, "prescaled_batch", "sdp_hierarchical_allgather"),
    **_each(_AMOUNT, "sdp_reduce_bucket_size", "sdp_param_persistence_threshold"),
    **_each(_AMOUNT, "sdp_max_live_parameters", "sdp_gradient_clipping"),
}
# Undocumented, yet found in published examples.
_UNDOCUMENTED: dict[str, Check] = {
    **_each(ANYTHING, "overlapping_allreduce", "static_mode", "fast_mode", "checkpoint_attentions"),
    **_each(ANYTHING, "delayed_parameter_initialization"),
    **_each(ANYTHING, "_match_weights", "_fp32_grad_accumulation"),
}
_VERSION_2: dict[str, Check] = {
    **_each(_POSITIVE, "context_parallel_degree", "expert_parallel_degree"),
    **_each(_COUNT, "hybrid_shard_degree", "random_seed"),
    **_each(BOOLEAN, "sm_activation_offloading", "fsdp_cache_flush_warnings", "allow_empty_shards"),
}
# HyperPod's recipes send it to version 2 as well.
_PLACEMENT: dict[str, Check] = {"placement_strategy": one_of(*_PLACEMENTS)}
_KNOWN: dict[Version, dict[str, Check]] = {
    1: {**_COMMON, **_VERSION_1, **_PLACEMENT, **_UNDOCUMENTED},
    2: {**_COMMON, **_VERSION_2, **_PLACEMENT},
}


def read_parameters(given: object, version: Version) -> dict[str, Any]:
    """Return checked parameters from a dictionary or the path of a JSON file.

    Raises DistributionError naming the parameter. A name nobody knows is passed on with a warning,
    since libraries of other versions have more of them; one that looks misspelt is refused.
    """
    parameters = _load(given) if isinstance(given, str) else given
    if not isinstance(parameters, Mapping):
        raise _wrong(f"parameters={given!r} must be a dict or the path of a JSON file")
    for name, value in parameters.items():
        _check_value(str(name), value, version)
    if version == 1:
        _check_together(parameters)
    return copy.deepcopy(dict(parameters))


def pipeline_degree(parameters: Mapping[str, Any]) -> int:
    """Number of stages: ``partitions`` and ``pipeline_parallel_degree`` are the same setting."""
    degree = parameters.get("partitions", parameters.get("pipeline_parallel_degree", 1))
    return int(degree)


def model_parallel_size(parameters: Mapping[str, Any]) -> int:
    """How many ranks one copy of the model needs: stages x tensor peers x shards."""
    degrees = (parameters.get(f"{name}_parallel_degree", 1) for name in ("tensor", "sharded_data"))
    return pipeline_degree(parameters) * prod(map(int, degrees))


def shards(parameters: Mapping[str, Any]) -> int:
    """How many ranks version 2 was told to share one copy of the model among; at least 1."""
    return max(1, int(parameters.get("hybrid_shard_degree", 1)))


def model_parallel_layout(parameters: Mapping[str, Any], world_size: int) -> Layout:
    """Where each of ``world_size`` ranks sits. Raises DistributionError when they do not fit."""
    _check_world_size(parameters, world_size)
    layout = Layout.for_world_size(
        world_size,
        pipeline_parallel_size=pipeline_degree(parameters),
        tensor_parallel_size=int(parameters.get("tensor_parallel_degree", 1)),
        placement=str(parameters.get("placement_strategy", "cluster")),
    )
    shards = int(parameters.get("sharded_data_parallel_degree", 1))
    if layout.data_parallel_size % shards:
        raise _wrong(
            f"sharded_data_parallel_degree={shards} does not divide data_parallel_size="
            f"{layout.data_parallel_size} (of {world_size} ranks); use "
            f"{nearest_divisor(layout.data_parallel_size, shards)}"
        )
    return layout


def _check_world_size(parameters: Mapping[str, Any], world_size: int) -> None:
    stages, peers = pipeline_degree(parameters), int(parameters.get("tensor_parallel_degree", 1))
    if world_size % (stages * peers):
        raise _wrong(
            f"{world_size} processes (instance_count x processes_per_host) are not a multiple of "
            f"partitions={stages} x tensor_parallel_degree={peers} = {stages * peers}; "
            f"{nearest_multiples(world_size, stages * peers)}"
        )


def _load(path: str) -> object:
    try:
        return json.loads(Path(path).expanduser().read_text())
    except OSError as error:
        raise _wrong(f"parameters={path!r} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _wrong(f"parameters={path!r} is not JSON: {error}") from None


def _check_value(name: str, value: object, version: Version) -> None:
    known = _KNOWN[version]
    if name in known:
        check, right = known[name]
        if not check(value):
            raise _wrong(f"{name}={value!r} must be {right}")
        return
    # A stricter likeness than elsewhere: what is merely similar may be a parameter we do not know.
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    if near:
        raise _wrong(f"unknown parameter {name!r}; did you mean {near[0]!r}?")
    other: Version = 2 if version == 1 else 1
    where = f", of version {other}, started by {_LAUNCHER[other]}," if name in _KNOWN[other] else ""
    warnings.warn(
        f"smdistributed.modelparallel {version}: unknown parameter {name!r}{where} is passed on "
        "unchecked",
        stacklevel=2,
    )


def _check_together(given: Mapping[str, Any]) -> None:
    stages = pipeline_degree(given)
    if given.get("pipeline_parallel_degree", stages) != stages:
        both = f"partitions={stages} and pipeline_parallel_degree"
        raise _wrong(f"{both}={given['pipeline_parallel_degree']} are one setting; give one")
    if given.get("auto_partition") is False and "default_partition" not in given:
        raise _wrong("default_partition must be supplied when auto_partition is False")
    if given.get("default_partition", 0) >= stages:
        raise _wrong(
            f"default_partition={given['default_partition']} must be less than "
            f"partitions={stages}: partitions count from 0"
        )
    _check_data_parallelism(given)
    _check_sharding(given, stages)


def _check_data_parallelism(given: Mapping[str, Any]) -> None:
    if given.get("ddp") and given.get("horovod"):
        raise _wrong("'ddp' and 'horovod' cannot be enabled together; keep one")
    for name in ("ddp_port", "ddp_dist_backend"):
        if name in given and not given.get("ddp"):
            raise _wrong(f"{name}={given[name]!r} needs 'ddp': True")
    for name in ("tensor_parallel_degree", "sharded_data_parallel_degree"):
        if given.get(name, 1) > 1 and not given.get("ddp"):
            raise _wrong(f"{name}={given[name]} needs 'ddp': True")


def _check_sharding(given: Mapping[str, Any], stages: int) -> None:
    if given.get("fp16") and given.get("bf16"):
        raise _wrong("'fp16' and 'bf16' cannot be enabled together; keep one")
    degree = given.get("sharded_data_parallel_degree", 1)
    if degree > 1 and stages > 1:
        raise _wrong(
            f"sharded_data_parallel_degree={degree} excludes pipeline parallelism: "
            f"partitions={stages} must be 1"
        )
    if degree > 1 and given.get("shard_optimizer_state"):
        raise _wrong(
            f"sharded_data_parallel_degree={degree} shards the optimizer already: "
            "leave shard_optimizer_state out"
        )


def _wrong(reason: str) -> DistributionError:
    return DistributionError(f"smdistributed.modelparallel: {reason}", argument="distribution")
