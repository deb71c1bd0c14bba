"""horovod.torch.elastic: state that survives a failed collective."""

from __future__ import annotations

from .running import run
from .sampler import ElasticSampler
from .state import ObjectState, State, TorchState

__all__ = ["ElasticSampler", "ObjectState", "State", "TorchState", "run"]
