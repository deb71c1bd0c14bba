"""A model as a light tree: what the partitioner needs to know of each module, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Node:
    """One module, as it stands in ``named_modules()``.

    ``parameters`` are its own (without its children's): identity -> bytes. ``container`` says that
    it has no forward (ModuleList), so that its children belong to its parent's calls. A
    ``whole`` module is never taken apart, because it reads its children's parameters itself.
    ``aliases`` are further names under which the same module is registered.
    """

    name: str
    parent: str | None = None
    parameters: Mapping[int, int]
    buffer_bytes: int = 0
    container: bool = False
    whole: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    """All modules of a model in the order of ``named_modules()``: a parent before its children."""

    nodes: tuple[Node, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """Name -> node."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def children(self) -> Mapping[str, tuple[Node, ...]]:
        """Name -> children in the order of registration."""
        found: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            if node.parent is not None:
                found[node.parent].append(node)
        return {name: tuple(children) for name, children in found.items()}

    def ancestors(self, name: str) -> Iterator[Node]:
        """The parent of ``name``, its parent, and so on up to the root."""
        parent = self.by_name[name].parent
        while parent is not None:
            yield self.by_name[parent]
            parent = self.by_name[parent].parent

    @cached_property
    def parameter_bytes(self) -> Mapping[str, int]:
        """Name -> bytes of own parameters; one that several modules share counts at the first."""
        seen: set[int] = set()
        found = {}
        for node in self.nodes:
            new = node.parameters.keys() - seen
            found[node.name] = sum(node.parameters[identity] for identity in new)
            seen |= new
        return found
