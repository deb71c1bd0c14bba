"""The modules of a model in the order in which they run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from jupyter_sdt.runtime.modelparallel.partition.costs import Costs
from jupyter_sdt.runtime.modelparallel.partition.nodes import Node, Tree


@dataclass(frozen=True)
class CallOrder:
    """``tree`` as it was seen running: which modules run where, and when first.

    A module that was not called comes right after the one registered before it: an expert that
    the first microbatch did not reach, say.
    """

    tree: Tree
    costs: Costs

    @cached_property
    def place(self) -> dict[str, tuple[int, int]]:
        """Name -> what to sort by: the first call, then registration. The root is first."""
        found: dict[str, tuple[int, int]] = {}
        last = -1
        for number, node in enumerate(self.tree.nodes):
            cost = self.costs.modules.get(node.name)
            if cost is not None and node.parent is not None:
                last = cost.first_call
            found[node.name] = (last, number)
        return found

    @cached_property
    def _hosts_calls(self) -> frozenset[str]:
        called = [name for name in self.costs.modules if name in self.tree.by_name]
        return frozenset(node.name for name in called for node in self.tree.ancestors(name))

    @cached_property
    def readers(self) -> frozenset[str]:
        """Modules that compute with parameters of modules that they do not call."""
        return frozenset(reader for reader, _ in self.costs.together)

    def is_transparent(self, node: Node) -> bool:
        """Whether ``node`` only holds modules: its children are called by a module above it."""
        silent = node.name not in self.costs.modules and node.name in self._hosts_calls
        return node.parent is not None and (node.container or silent)

    def caller(self, name: str) -> str:
        """The nearest module above ``name`` that runs by itself; the root's is the root."""
        above = (node.name for node in self.tree.ancestors(name) if not self.is_transparent(node))
        return next(above, name)

    def callers(self, name: str) -> tuple[str, ...]:
        """Everything above ``name`` that runs by itself, from the root down to its caller."""
        above = (node.name for node in self.tree.ancestors(name) if not self.is_transparent(node))
        return tuple(above)[::-1]
