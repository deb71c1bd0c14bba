"""Names and shapes of parameters in two worlds: Hugging Face's modules and those of ``smp.nn``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from jupyter_sdt.errors import SpecError

_NUMBERED = re.compile(r"(.*?\.|)(\d+)\.(.+)")
Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A module of theirs holds the weight and bias of one of ours, or of three.

    ``{n}`` is the number of a layer. ``transposed``: theirs is [in, out]. ``by_head``: query, key
    and value of the first head, then of the second, and so on.
    """

    theirs: str
    ours: tuple[str, ...]
    transposed: bool = False
    by_head: bool = False

    def from_theirs(self, leaf: str, value: torch.Tensor, heads: int) -> list[torch.Tensor]:
        """What ``value`` holds of each of ours."""
        if self.transposed and leaf == "weight":
            value = value.t()
        if self.by_head:
            value = _regrouped(value, (heads, len(self.ours)))
        return [part.contiguous() for part in value.chunk(len(self.ours))]

    def to_theirs(self, leaf: str, parts: Iterable[torch.Tensor], heads: int) -> torch.Tensor:
        """The way back of :meth:`from_theirs`."""
        value = torch.cat(list(parts))
        if self.by_head:
            value = _regrouped(value, (len(self.ours), heads))
        return (value.t() if self.transposed and leaf == "weight" else value).contiguous()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The ``rules`` of one class of theirs.

    ``anchors`` are names of parameters, theirs and ours, that tell where such a module lies.
    What of their layers ends in one of ``dropped`` are constants, which ours computes.
    """

    rules: tuple[Rule, ...]
    anchors: tuple[str, str]
    dropped: tuple[str, ...] = ()

    def from_theirs(self, state: Tensors, prefix: str, heads: int | None) -> dict[str, object]:
        """``state`` with ours in place of what lies below ``prefix``; the rest stays."""
        rules = {rule.theirs: rule for rule in self.rules}
        found: dict[str, object] = {}
        for key, value in state.items():
            stem, number, leaf = _parsed(key, prefix)
            rule = rules.get(stem)
            if rule is None:
                if not (key.startswith(prefix) and key.endswith(self.dropped or ("\0",))):
                    found[key] = value
                continue
            parts = rule.from_theirs(leaf, value, _heads(rule, heads))
            for name, part in zip(rule.ours, parts, strict=True):
                found[f"{prefix}{name.format(n=number)}.{leaf}"] = part
        return found

    def to_theirs(self, state: Tensors, prefix: str, heads: int | None) -> dict[str, object]:
        """The way back of :meth:`from_theirs`, without the constants."""
        rules = {name: rule for rule in self.rules for name in rule.ours}
        found: dict[str, object] = {}
        for key, value in state.items():
            stem, number, leaf = _parsed(key, prefix)
            rule = rules.get(stem)
            if rule is None:
                found[key] = value
            elif stem == rule.ours[0]:
                names = (f"{prefix}{name.format(n=number)}.{leaf}" for name in rule.ours)
                whole = rule.to_theirs(leaf, [state[name] for name in names], _heads(rule, heads))
                found[f"{prefix}{rule.theirs.format(n=number)}.{leaf}"] = whole
        return found


def prefixes(state: Iterable[str], anchor: str) -> list[str]:
    """What stands before ``anchor`` in names of ``state``."""
    found = (key.removesuffix(anchor) for key in state if key.endswith(anchor))
    return [prefix for prefix in found if not prefix or prefix.endswith(".")]


def _parsed(key: str, prefix: str) -> tuple[str, str, str]:
    """The name of a module, its layer's number put aside, and of its parameter."""
    if not key.startswith(prefix):
        return "", "", ""
    stem, _, leaf = key.removeprefix(prefix).rpartition(".")
    numbered = _NUMBERED.fullmatch(stem)
    if numbered is None:
        return stem, "", leaf
    before, number, after = numbered.groups()
    return f"{before}{{n}}.{after}", number, leaf


def _regrouped(value: torch.Tensor, groups: tuple[int, int]) -> torch.Tensor:
    """The two outer levels of the rows of ``value`` change places."""
    apart = value.view(*groups, -1, *value.shape[1:])
    return apart.transpose(0, 1).flatten(0, 2)


def _heads(rule: Rule, heads: int | None) -> int:
    if rule.by_head and not heads:
        raise SpecError(
            f"num_attention_heads={heads}: {rule.theirs!r} is ordered by heads, and no model that "
            "tells their number has been wrapped yet; give num_attention_heads",
            argument="num_attention_heads",
        )
    return heads or 1
