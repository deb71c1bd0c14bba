"""What the user asked of ``torch.sagemaker``: the launcher's values over those of ``init()``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.parameters import launched_values
from jupyter_sdt.spec.model_parallel_parameters import read_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """SageMaker's parameters under their own names, each with its documented default.

    https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
    ``more`` holds what the documentation does not know.
    """

    hybrid_shard_degree: int = 0
    sm_activation_offloading: bool = True
    activation_loading_horizon: int = 2
    fsdp_cache_flush_warnings: bool = True
    allow_empty_shards: bool = False
    tensor_parallel_degree: int = 1
    context_parallel_degree: int = 1
    expert_parallel_degree: int = 1
    random_seed: int = 12345
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Configuration:
        """Check ``given`` and fill in what is missing. Raises DistributionError."""
        asked = read_parameters(given, 2)
        known = {entry.name for entry in fields(cls)} - {"more"}
        more = {name: asked.pop(name) for name in set(asked) - known}
        return cls(**asked, more=more)

    def as_mapping(self) -> dict[str, Any]:
        """The documented parameters by their names."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "more"}


def read(
    config: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    arguments: Sequence[str] | None = None,
) -> Configuration:
    """Merge ``config``, a dictionary or the path of a JSON file, with the launcher's values.

    The launcher's win, key by key. Raises DistributionError for what cannot be right.
    """
    launched = launched_values(
        os.environ if environ is None else environ, sys.argv if arguments is None else arguments
    )
    return Configuration.from_mapping(_dictionary(config) | launched)


def _dictionary(config: Any) -> dict[str, Any]:
    if isinstance(config, (str, os.PathLike)):
        try:
            config = json.loads(Path(config).read_bytes())
        except (OSError, ValueError) as error:
            raise _wrong(config, f"cannot be read: {error}") from None
    if config is not None and not isinstance(config, Mapping):
        raise _wrong(config, "must be a dictionary of parameters, the path of a JSON file, or None")
    return dict(config or {})


def _wrong(config: object, reason: str) -> DistributionError:
    return DistributionError(
        f"torch.sagemaker.init(config={config!r}): {reason}", argument="config"
    )
