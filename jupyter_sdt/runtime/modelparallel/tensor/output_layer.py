"""``smp.nn.DistributedTransformerOutputLayer``: each rank has some of the intermediate features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.runtime.modelparallel.tensor.distributed_module import DistributedModule
from jupyter_sdt.runtime.modelparallel.tensor.exchange import spread
from jupyter_sdt.runtime.modelparallel.tensor.linear import ColumnLinear, RowLinear
from jupyter_sdt.runtime.modelparallel.tensor.norms import Around, Norms

_ACTIVATIONS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
}


class DistributedTransformerOutputLayer(DistributedModule):
    """Two linear layers with ``activation`` between, dropout and residual: [N, S, H] -> the same.

    ``activation`` is "gelu", "relu" or "gelu_new" (GPT-2's tanh form). With
    ``fp32_residual_addition`` the residual is added in float32, without ``add_residual`` not at
    all. Raises SpecError for another activation and when ``intermediate_size`` cannot be divided.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - SageMaker's arguments, in its order
        self,
        hidden_size: int = 1024,
        intermediate_size: int = 4096,
        hidden_dropout_prob: float = 0.1,
        activation: str = "gelu",
        layernorm_epsilon: float = 1e-5,
        initializer_range: float = 0.02,
        use_normal_initialization: bool = False,
        pre_layernorm: bool = False,
        post_layernorm: bool = True,
        fp32_residual_addition: bool = False,
        add_residual: bool = True,
    ) -> None:
        super().__init__()
        if activation not in _ACTIVATIONS:
            hint = did_you_mean(activation, _ACTIVATIONS)
            raise SpecError(f"unknown activation={activation!r}{hint}", argument="activation")
        self.peers.part(intermediate_size, "intermediate_size")
        normal = initializer_range if use_normal_initialization else None
        self.dense1 = ColumnLinear(hidden_size, intermediate_size, normal_range=normal)
        self.dense2 = RowLinear(intermediate_size, hidden_size, normal_range=normal)
        norms = Norms(pre=pre_layernorm, post=post_layernorm, epsilon=layernorm_epsilon)
        self.around = Around(residual=add_residual, in_fp32=fp32_residual_addition)
        self.pre_layernorm, self.layernorm = self.around.make_norms(norms, hidden_size)
        self.dropout = nn.Dropout(hidden_dropout_prob)
        self.activation = _ACTIVATIONS[activation]

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Compute; what is sent is the input and the sum of products."""
        normed = spread(self.pre_layernorm(hidden), self.peers)
        update = self.dropout(self.dense2(self.activation(self.dense1(normed))))
        found: torch.Tensor = self.layernorm(self.around.add(hidden, update))
        return found
