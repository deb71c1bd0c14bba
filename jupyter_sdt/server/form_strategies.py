"""The strategies of the launch form, and the parameters each of them takes, as JSON schemas.

Only what people set is offered; a cell may name any parameter that
:mod:`jupyter_sdt.spec.model_parallel_parameters` knows.
"""

from __future__ import annotations

from typing import Any, TypedDict

from jupyter_sdt.cells.values import DISTRIBUTIONS
from jupyter_sdt.spec.layout import PLACEMENTS

_DEGREE = {"type": "integer", "minimum": 1}
_SWITCH = {"type": "boolean"}
# Property -> its schema and a sentence; names and meaning are SageMaker's.
_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "pipeline_parallel_degree": (_DEGREE, "stages the layers are divided into"),
    "tensor_parallel_degree": (_DEGREE, "ranks each layer's weights are divided among"),
    "sharded_data_parallel_degree": (_DEGREE, "ranks that share weights and optimizer state"),
    "microbatches": (_DEGREE, "parts a batch is cut into for the pipeline"),
    "pipeline": ({"enum": ["interleaved", "simple"]}, "schedule of the pipeline"),
    "placement_strategy": ({"enum": [*PLACEMENTS]}, "whose peers sit on one node"),
    "ddp": (_SWITCH, "data parallelism beside it; tensor and sharded degrees need it"),
    "hybrid_shard_degree": ({"type": "integer", "minimum": 0}, "ranks that share weights"),
    "context_parallel_degree": (_DEGREE, "ranks a sequence is divided among"),
    "expert_parallel_degree": (_DEGREE, "ranks the experts are divided among"),
}
_VERSION_1 = (
    *("pipeline_parallel_degree", "tensor_parallel_degree", "sharded_data_parallel_degree"),
    *("microbatches", "pipeline", "placement_strategy", "ddp"),
)
_VERSION_2 = (
    *("tensor_parallel_degree", "hybrid_shard_degree"),
    *("context_parallel_degree", "expert_parallel_degree"),
)
_ON = {"enabled": True}
_SHARDED = {"smdistributed": {"modelparallel": _ON}, "torch_distributed": _ON}
# What people read; the words are those of ``--distribution``.
_TITLES = {
    "torch_distributed": "data parallel: torch.distributed",
    "pytorchddp": "data parallel: DistributedDataParallel, as on SageMaker",
    "mpi": "MPI",
    "dataparallel": "data parallel: smdistributed.dataparallel",
    "modelparallel": "model parallel: pipeline, tensor, sharded",
    "parameter_server": "parameter servers of TensorFlow, one process a node",
    "multi_worker_mirrored_strategy": "TensorFlow's mirrored workers, one process a node",
    "modelparallel-2": "model parallel 2: tensor, hybrid sharding",
}


class Strategy(TypedDict):
    """One choice for ``distribution``.

    ``value`` is SageMaker's dictionary, ``word`` what a cell may say instead of it (empty without
    one). ``parameters`` are schemas of what may stand in ``smdistributed.modelparallel``.
    """

    name: str
    title: str
    word: str
    value: dict[str, Any]
    parameters: dict[str, dict[str, Any]]


def strategies() -> list[Strategy]:
    """Return the strategies in the order in which the form offers them."""
    offered = {**DISTRIBUTIONS, "modelparallel-2": _SHARDED}
    return [_strategy(name, value) for name, value in offered.items()]


def _strategy(name: str, value: dict[str, Any]) -> Strategy:
    names = {"modelparallel": _VERSION_1, "modelparallel-2": _VERSION_2}.get(name, ())
    return Strategy(
        name=name,
        title=_TITLES[name],
        word=name if name in DISTRIBUTIONS else "",
        value=value,
        parameters={parameter: _schema(parameter) for parameter in names},
    )


def _schema(name: str) -> dict[str, Any]:
    schema, meaning = _PARAMETERS[name]
    return {**schema, "title": name, "description": meaning}
