"""Linear layers of which each tensor peer has some outputs or some inputs, under their own names.

Shoeybi et al., arXiv 1909.08053: all peers compute with the same batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.tensor.exchange import collect
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice, mark

# From a parameter of the script's model to the whole tensor that it stands for.
Source = Callable[[torch.Tensor], torch.Tensor]
_OUTPUTS, _INPUTS = TensorSlice(axis=0), TensorSlice(axis=1)


class DividedLinear(nn.Linear):
    """A slice of an ``nn.Linear``; ``slices`` tells for its parameters which.

    ``in_features`` and ``out_features`` are those of the slice. A layer on the meta device stays
    there.
    """

    slices: dict[str, TensorSlice]

    def __init__(self, plain: nn.Linear, slices: dict[str, TensorSlice], source: Source) -> None:
        nn.Module.__init__(self)
        self.slices = slices
        self.whole_features = (plain.in_features, plain.out_features)
        self.take_slices(
            {n: p for n in ("weight", "bias") if (p := getattr(plain, n)) is not None}, source
        )
        if plain.bias is None:
            self.register_parameter("bias", None)
        self.out_features, self.in_features = self.weight.shape
        self.train(plain.training)

    def take_slices(self, wholes: dict[str, nn.Parameter], source: Source = lambda p: p) -> None:
        """Register this peer's part of each of ``wholes``, what is not divided as it is."""
        for name, parameter in wholes.items():
            whole = source(parameter)
            part = self.slices.get(name)
            own = whole if part is None else self.own(whole, part)
            made = nn.Parameter(own.detach(), requires_grad=parameter.requires_grad)
            self.register_parameter(name, made)
            if part is not None:
                mark(made, part)

    @staticmethod
    def own(whole: torch.Tensor, part: TensorSlice) -> torch.Tensor:
        """The ``part`` of ``whole`` that lies on this peer."""
        peers = state.current().peers
        return part.of(whole.detach(), peers.rank, peers.size)

    def whole_twin(self, device: torch.device) -> nn.Linear:
        """A layer with the features and the dtype of the undivided one, its values undefined."""
        ins, outs = self.whole_features
        bias, dtype = self.bias is not None, self.weight.dtype
        # No random numbers are drawn on the meta device.
        return nn.Linear(ins, outs, bias, device="meta", dtype=dtype).to_empty(device=device)

    def extra_repr(self) -> str:
        """What print(model) says."""
        ins, outs = self.whole_features
        return f"{super().extra_repr()}, whole={outs}x{ins}"


class ColumnLinear(DividedLinear):
    """Some outputs: [N, S, in] -> [N, S, out / peers]. What it gets must have been spread."""

    def __init__(self, plain: nn.Linear, source: Source) -> None:
        super().__init__(plain, {"weight": _OUTPUTS, "bias": _OUTPUTS}, source)


class RowLinear(DividedLinear):
    """Some inputs, whose products are summed: [N, S, in / peers] -> [N, S, out].

    The bias is whole, and added after the sum.
    """

    def __init__(self, plain: nn.Linear, source: Source) -> None:
        super().__init__(plain, {"weight": _INPUTS}, source)

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """Multiply, and sum over peers."""
        found = collect(functional.linear(input, self.weight), state.current().peers)
        return found if self.bias is None else found + self.bias
