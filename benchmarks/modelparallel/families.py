"""Small models of well-known families, each with the arguments of one microbatch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from layers import WIDTH, Block, Mixing, Residual
from torch import Tensor, nn
from torch.nn import functional

WORDS = 400


class Language(nn.Module):
    """Embeddings, blocks and a head, whose weight may be the embedding's: GPT-2 and BERT."""

    def __init__(self, blocks: int, *, tied: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.positions = nn.Embedding(64, WIDTH)
        self.dropout = nn.Dropout(0.1)
        self.blocks = nn.ModuleList(Block() for _ in range(blocks))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)
        if tied:
            self.head.weight = self.words.weight

    def forward(self, words: Tensor) -> Tensor:
        """[batch, length] of words -> [batch, length, WORDS]."""
        places = torch.arange(words.shape[1])
        hidden = self.dropout(self.words(words) + self.positions(places))
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden))


def resnet() -> nn.Module:
    """Four groups of residual blocks of growing width."""
    widths = (16, 16, 32, 64, 128)
    groups = [
        nn.Sequential(Residual(into, out, 1 if into == out else 2), Residual(out, out, 1))
        for into, out in pairwise(widths)
    ]
    stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
    tail = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))
    return nn.Sequential(stem, *groups, *tail)


class UNet(nn.Module):
    """Down, through the middle, and up again beside what was kept on the way down."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32)) -> None:
        super().__init__()
        pairs = list(zip((3, *widths), widths, strict=False))
        self.down = nn.ModuleList(Residual(into, out, 1) for into, out in pairs)
        self.middle = Residual(widths[-1], 2 * widths[-1], 1)
        above = list(zip((2 * widths[-1], *widths[:0:-1]), widths[::-1], strict=True))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(into, out, 2, 2) for into, out in above)
        self.up = nn.ModuleList(Residual(2 * out, out, 1) for _, out in above)
        self.last = nn.Conv2d(widths[0], 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        """[batch, 3, height, width] -> [batch, 2, height, width]."""
        kept = []
        for block in self.down:
            image = block(image)
            kept.append(image)
            image = functional.max_pool2d(image, 2)
        image = self.middle(image)
        for grow, up in zip(self.grow, self.up, strict=True):
            image = up(torch.cat([grow(image), kept.pop()], 1))
        return self.last(image)


class EncoderDecoder(nn.Module):
    """T5: one embedding for both sequences and for the head."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Embedding(WORDS, WIDTH)
        self.encoder = nn.ModuleList(Block() for _ in range(3))
        self.decoder = nn.ModuleList(Block(cross=True) for _ in range(3))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)
        self.head.weight = self.shared.weight

    def forward(self, words: Tensor, answer: Tensor) -> Tensor:
        """Two [batch, length] -> [batch, length of the answer, WORDS]."""
        memory, hidden = self.shared(words), self.shared(answer)
        for block in self.encoder:
            memory = block(memory)
        for block in self.decoder:
            hidden = block(hidden, memory)
        return self.head(self.norm(hidden))


class Patches(nn.Module):
    """ViT and MLP-Mixer: an image cut into patches, layers over them, one answer."""

    def __init__(self, layers: list[nn.Module], *, positions: bool) -> None:
        super().__init__()
        self.cut = nn.Conv2d(3, WIDTH, 4, 4)
        self.places = nn.Parameter(torch.zeros(1, 64, WIDTH)) if positions else None
        self.layers = nn.Sequential(*layers)
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

    def forward(self, image: Tensor) -> Tensor:
        """[batch, 3, 32, 32] -> [batch, 10]."""
        hidden = self.cut(image).flatten(2).transpose(1, 2)
        hidden = hidden if self.places is None else hidden + self.places
        return self.head(self.norm(self.layers(hidden)).mean(1))


class Branching(nn.Module):
    """Towers of different depth over one input, joined, with a skip connection to the end."""

    def __init__(self) -> None:
        super().__init__()
        self.towers = nn.ModuleDict(
            {
                "short": nn.Sequential(nn.Linear(24, 96), nn.ReLU(), nn.Linear(96, 48)),
                "long": nn.Sequential(*(nn.Linear(24, 24) for _ in range(9)), nn.Linear(24, 48)),
                "wide": nn.Sequential(nn.Linear(24, 256), nn.ReLU(), nn.Linear(256, 48)),
            }
        )
        self.join = nn.Sequential(nn.Linear(144, 64), nn.Tanh(), nn.Linear(64, 24))
        self.last = nn.Linear(24, 4)

    def forward(self, rows: Tensor) -> Tensor:
        """[batch, 24] -> [batch, 4]."""
        found = [tower(rows) for tower in self.towers.values()]
        return self.last(rows + self.join(torch.cat(found, -1)))


class Experts(nn.Module):
    """A mixture of experts: each row goes to one of them, and some may get none."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.gate = nn.Linear(24, WIDTH), nn.Linear(WIDTH, 6)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(WIDTH, 32 * size), nn.ReLU(), nn.Linear(32 * size, WIDTH))
            for size in (1, 2, 3, 4, 5, 6)
        )
        self.leave = nn.Linear(WIDTH, 4)

    def forward(self, rows: Tensor) -> Tensor:
        """[batch, 24] -> [batch, 4]."""
        hidden = self.enter(rows)
        weights, chosen = self.gate(hidden).softmax(-1).max(-1)
        mixed = torch.zeros_like(hidden)
        for number in chosen.unique().tolist():
            mine = chosen == number
            mixed[mine] = self.experts[number](hidden[mine]) * weights[mine, None]
        return self.leave(hidden + mixed)


class Characters(nn.Module):
    """A character model: layers of LSTM between an embedding and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(96, 48)
        self.layers = nn.ModuleList(nn.LSTM(48, 48, batch_first=True) for _ in range(7))
        self.norm, self.head = nn.LayerNorm(48), nn.Linear(48, 96)

    def forward(self, letters: Tensor) -> Tensor:
        """[batch, length] -> [batch, length, 96]."""
        hidden = self.letters(letters)
        for layer in self.layers:
            hidden = layer(hidden)[0] + hidden
        return self.head(self.norm(hidden))


def _words(length: int = 16, words: int = 96) -> Tensor:
    return torch.randint(words, (4, length))


Family = tuple[Callable[[], nn.Module], Callable[[], tuple[Any, ...]]]
FAMILIES: dict[str, Family] = {
    "GPT-2": (lambda: Language(6, tied=True), lambda: (_words(),)),
    "BERT": (lambda: Language(5, tied=False), lambda: (_words(),)),
    "ResNet": (resnet, lambda: (torch.randn(2, 3, 32, 32),)),
    "U-Net": (UNet, lambda: (torch.randn(2, 3, 32, 32),)),
    "T5": (EncoderDecoder, lambda: (_words(), _words(12))),
    "MLP-Mixer": (
        lambda: Patches([Mixing() for _ in range(5)], positions=False),
        lambda: (torch.randn(2, 3, 32, 32),),
    ),
    "ViT": (
        lambda: Patches([Block() for _ in range(5)], positions=True),
        lambda: (torch.randn(2, 3, 32, 32),),
    ),
    "branching": (Branching, lambda: (torch.randn(8, 24),)),
    "mixture of experts": (Experts, lambda: (torch.randn(32, 24),)),
    "LSTM": (Characters, lambda: (_words(),)),
}
