"""Mixture of experts: what ``MoEConfig`` asks for, as far as it can be had."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid.experts.slices import holds_experts

_BALANCING = ("sinkhorn", "balanced", "aux_loss", "none")


@dataclass(kw_only=True)
class MoEConfig:
    """How the experts of a model are used, under SageMaker's names and with its defaults.

    https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-model-parallel-v2-reference.html
    The model's own router goes on deciding which tokens go where, with its auxiliary loss if
    ``moe_load_balancing`` is "aux_loss": ``transform()`` warns of what differs from that.
    """

    smp_moe: bool = True
    random_seed: int = 12345
    moe_load_balancing: Literal["sinkhorn", "balanced", "aux_loss", "none"] = "sinkhorn"
    global_token_shuffle: bool = False
    moe_all_to_all_dispatcher: bool = True
    moe_aux_loss_coeff: float = 0.001
    moe_z_loss_coeff: float = 0.001
    use_cpu_initialization: bool = False

    def __post_init__(self) -> None:
        if self.moe_load_balancing not in _BALANCING:
            raise SpecError(
                f"moe_load_balancing={self.moe_load_balancing!r} must be one of "
                f"{', '.join(map(repr, _BALANCING))}",
                argument="moe_load_balancing",
            )


def check_moe(model: nn.Module, config: Any) -> None:
    """Take over from ``config`` what the model can do. Raises SpecError for what it cannot."""
    if not isinstance(config, MoEConfig) or not config.smp_moe:
        return
    own: Any = getattr(model, "config", None)
    if getattr(own, "num_local_experts", None) is None:
        raise SpecError(
            f"config=MoEConfig(...): {type(model).__name__} has no experts; give Mixtral",
            argument="config",
        )
    if config.moe_load_balancing in ("sinkhorn", "balanced") or config.global_token_shuffle:
        warnings.warn(
            f"MoEConfig(moe_load_balancing={config.moe_load_balancing!r}, global_token_shuffle="
            f"{config.global_token_shuffle}): the model's own router decides, as with 'none'",
            stacklevel=3,
        )
    own.output_router_logits = config.moe_load_balancing == "aux_loss"
    own.router_aux_loss_coef = config.moe_aux_loss_coeff


def check_experts(model: nn.Module, peers: int) -> None:
    """Raise SpecError for a model whose experts cannot be given out to ``peers`` ranks."""
    holders: list[Any] = [module for module in model.modules() if holds_experts(module)]
    if not holders:
        raise SpecError(
            f"model: {type(model).__name__} has no experts that could be given out to "
            f"expert_parallel_degree={peers} ranks; use Mixtral of transformers 5 or newer",
            argument="model",
        )
    for module in holders:
        if module.num_experts % peers:
            raise SpecError(
                f"model: num_local_experts={module.num_experts} cannot be given out evenly to "
                f"expert_parallel_degree={peers} ranks; num_local_experts must be a multiple of "
                f"{peers}",
                argument="model",
            )
