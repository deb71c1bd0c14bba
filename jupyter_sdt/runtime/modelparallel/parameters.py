"""What the user asked of model parallelism: the launcher's values over those of ``smp.init()``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.layout import Layout
from jupyter_sdt.spec.model_parallel_parameters import (
    model_parallel_layout,
    model_parallel_size,
    pipeline_degree,
    read_parameters,
)

VARIABLE = "SM_HP_MP_PARAMETERS"
_ARGUMENT = "--mp_parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """SageMaker's parameters under their own names, each with its documented default.

    ``pipeline_parallel_degree`` is the number of stages. ``sdp_*`` count elements, but for
    ``sdp_gradient_clipping``, an L2 norm. ``more`` holds what the documentation does not know.
    https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smd_model_parallel_general.html
    """

    pipeline_parallel_degree: int = 1
    microbatches: int = 1
    pipeline: str = "interleaved"
    optimize: str = "memory"
    placement_strategy: str = "cluster"
    auto_partition: bool = True
    default_partition: int = 0
    memory_weight: float = 0.8
    ddp: bool = False
    horovod: bool = False
    active_microbatches: int = 3
    deterministic_server: bool = False
    offload_activations: bool = False
    activation_loading_horizon: int = 4
    tensor_parallel_degree: int = 1
    fp16: bool = False
    fp16_params: bool = False
    bf16: bool = False
    shard_optimizer_state: bool = False
    prescaled_batch: bool = False
    skip_tracing: bool = False
    sharded_data_parallel_degree: int = 1
    sdp_reduce_bucket_size: float = 5e8
    sdp_param_persistence_threshold: float = 1e6
    sdp_max_live_parameters: float = 1e9
    sdp_hierarchical_allgather: bool = True
    sdp_gradient_clipping: float = 1.0
    load_partition: bool = False
    partition_file: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def partitions(self) -> int:
        """The older name of ``pipeline_parallel_degree``."""
        return self.pipeline_parallel_degree

    @property
    def sharded(self) -> bool:
        """Whether replicas share out the model itself."""
        return self.sharded_data_parallel_degree > 1

    @property
    def half(self) -> bool:
        """Whether parameters have 16 bits; optimizers then update copies of 32."""
        return self.fp16 or self.bf16

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Parameters:
        """Check ``given`` and fill in what is missing.

        A name nobody knows gives a warning. Raises DistributionError for a wrong value, a misspelt
        name, and for values that exclude each other.
        """
        asked = read_parameters(given, 1)
        stages = pipeline_degree(asked)
        asked.pop("partitions", None)
        known = {entry.name for entry in fields(cls)} - {"more"}
        more = {name: asked.pop(name) for name in set(asked) - known}
        defaults: dict[str, Any] = {"active_microbatches": stages + 2}
        if asked.get("optimize") == "speed":
            defaults["memory_weight"] = 0.2
        asked["pipeline_parallel_degree"] = stages
        return cls(**defaults | asked, more=more)


def read(
    config: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    arguments: Sequence[str] | None = None,
) -> Parameters:
    """Merge ``config``, the dictionary of ``smp.init(config)``, with the launcher's values.

    The launcher's win, key by key, as documented. They come from SM_HP_MP_PARAMETERS, else from
    the argument ``--mp_parameters``. Raises DistributionError for what cannot be right.
    """
    if config is not None and not isinstance(config, Mapping):
        raise DistributionError(
            f"smp.init(config={config!r}): must be a dictionary of parameters, or None",
            argument="config",
        )
    launched = launched_values(
        os.environ if environ is None else environ, sys.argv if arguments is None else arguments
    )
    given = dict(config or {})
    if {"partitions", "pipeline_parallel_degree"} & set(launched):
        # Two names of one setting: the launcher's also overrides the other name.
        given.pop("partitions", None)
        given.pop("pipeline_parallel_degree", None)
    return Parameters.from_mapping(given | launched)


def read_layout(world_size: int) -> Layout | None:
    """The grid of ranks that the launcher's parameters ask for; None where they ask for none.

    Raises DistributionError when the degrees do not divide ``world_size``.
    """
    launched = launched_values(os.environ, sys.argv)
    layout = model_parallel_layout(launched, world_size)
    return layout if model_parallel_size(launched) > 1 else None


def read_prescaled() -> bool:
    """Whether the launcher said that tensor peers get one batch, the same for all of them."""
    return bool(launched_values(os.environ, sys.argv).get("prescaled_batch", False))


def launched_values(environ: Mapping[str, str], arguments: Sequence[str]) -> dict[str, Any]:
    """What the launcher gave: SM_HP_MP_PARAMETERS, else the argument ``--mp_parameters``."""
    text = environ.get(VARIABLE) or _argument(arguments)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return _pairs(text)
    if isinstance(found, dict):
        return found
    raise DistributionError(f"mp_parameters={text!r} must be a JSON object", argument=VARIABLE)


def _argument(arguments: Sequence[str]) -> str:
    for number, word in enumerate(arguments):
        if word == _ARGUMENT:
            return "".join(arguments[number + 1 : number + 2])
        if word.startswith(f"{_ARGUMENT}="):
            return word.partition("=")[2]
    return ""


def _pairs(text: str) -> dict[str, Any]:
    """``a=1,b=True``: how SageMaker's toolkit writes a dictionary on the command line."""
    found = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not equals:
            raise DistributionError(
                f"mp_parameters={text!r}: {pair!r} must be name=value", argument=VARIABLE
            )
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    if text in {"True", "False"}:
        return text == "True"
    try:
        return json.loads(text)
    except ValueError:
        return text
