"""Layers of which the model families of this benchmark are made."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

WIDTH = 32


class Block(nn.Module):
    """A transformer block: attention to itself, perhaps to another sequence, and an MLP."""

    def __init__(self, width: int = WIDTH, *, cross: bool = False) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if cross else 2))
        self.attention = Attention(width)
        self.cross = Attention(width) if cross else None
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
        )

    def forward(self, hidden: Tensor, memory: Tensor | None = None) -> Tensor:
        """Pre-norm residuals; shapes stay."""
        hidden = hidden + self.attention(self.norms[0](hidden))
        if self.cross is not None:
            hidden = hidden + self.cross(self.norms[2](hidden), memory)
        return hidden + self.mlp(self.norms[1](hidden))


class Attention(nn.Module):
    """Four linear layers around one fused attention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.both = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def forward(self, hidden: Tensor, memory: Tensor | None = None) -> Tensor:
        """``hidden`` attends to ``memory``, or to itself."""
        key, value = self.both(hidden if memory is None else memory).chunk(2, -1)
        heads = [t.unflatten(-1, (4, -1)).transpose(1, 2) for t in (self.query(hidden), key, value)]
        mixed = functional.scaled_dot_product_attention(*heads)
        return self.output(mixed.transpose(1, 2).flatten(2))


class Residual(nn.Module):
    """Two convolutions around which the input is carried."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.norm_1, self.norm_2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.activation = nn.ReLU()
        self.shortcut = nn.Conv2d(into, out, 1, stride) if into != out else nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        """[batch, into, height, width] -> [batch, out, height / stride, width / stride]."""
        hidden = self.activation(self.norm_1(self.first(image)))
        return self.activation(self.norm_2(self.second(hidden)) + self.shortcut(image))


class Mixing(nn.Module):
    """An MLP over patches, then one over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.across = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))
        self.within = nn.Sequential(nn.Linear(WIDTH, 64), nn.GELU(), nn.Linear(64, WIDTH))

    def forward(self, hidden: Tensor) -> Tensor:
        """[batch, 64, WIDTH] -> the same."""
        hidden = hidden + self.across(self.norms[0](hidden).transpose(1, 2)).transpose(1, 2)
        return hidden + self.within(self.norms[1](hidden))
