"""What is trained: an MLP of 10 M parameters and a GPT of 57 M, each with a random batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own short name

_WIDTH, _HEADS, _LAYERS, _WORDS, _TOKENS = 768, 12, 8, 512, 256
Loss = Callable[[nn.Module], torch.Tensor]


def build(name: str) -> tuple[nn.Module, Loss]:
    """The model ``mlp`` or ``gpt``, alike on all ranks, and its loss on this rank's batch."""
    torch.manual_seed(0)
    if name == "mlp":
        x, y = torch.randn(64, 1024), torch.randint(0, 10, (64,))
        return mlp(), lambda model: F.cross_entropy(model(x), y)
    words = torch.randint(0, _WORDS, (1, _TOKENS + 1))
    known, wanted = words[:, :-1], words[:, 1:].reshape(-1)
    return Gpt(), lambda model: F.cross_entropy(model(known).view(-1, _WORDS), wanted)


def mlp() -> nn.Module:
    """Five layers."""
    pairs = pairwise([1024, 2048, 2048, 1024, 1024])
    layers = [layer for pair in pairs for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(1024, 10))


class Block(nn.Module):
    """Attention to earlier tokens, then two layers; both with a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(_WIDTH), nn.LayerNorm(_WIDTH)
        self.queries_keys_values = nn.Linear(_WIDTH, 3 * _WIDTH)
        self.out = nn.Linear(_WIDTH, _WIDTH)
        self.wide, self.narrow = nn.Linear(_WIDTH, 4 * _WIDTH), nn.Linear(4 * _WIDTH, _WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens (batch, length, width) in and out."""
        batch, length, _ = x.shape
        parts = self.queries_keys_values(self.before(x)).view(batch, length, 3, _HEADS, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, length, _WIDTH))
        return x + self.narrow(F.gelu(self.wide(self.between(x))))


class Gpt(nn.Module):
    """Eight blocks between an embedding and a layer that predicts the next word."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(_WORDS, _WIDTH), nn.Embedding(_TOKENS, _WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(_LAYERS)))
        self.last, self.predict = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, _WORDS, bias=False)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Numbers of words (batch, length) to logits (batch, length, words)."""
        places = torch.arange(words.shape[1], device=words.device)
        return self.predict(self.last(self.blocks(self.words(words) + self.places(places))))
