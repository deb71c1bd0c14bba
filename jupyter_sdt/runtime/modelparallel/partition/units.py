"""The pieces that a cut can divide: modules with parameters of their own, and what runs with them.

A module without parameters runs with its parent. A parent without parameters of its own runs where
the first unit below it runs. Modules that share parameters are one unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jupyter_sdt.runtime.modelparallel.partition.costs import Costs
from jupyter_sdt.runtime.modelparallel.partition.joining import joined
from jupyter_sdt.runtime.modelparallel.partition.nodes import Node, Tree
from jupyter_sdt.runtime.modelparallel.partition.order import CallOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What goes to one stage in one piece: its modules, and its share of the model's cost.

    ``home`` is the first of its modules that runs; its place in the order of calls is the unit's.
    ``callers`` are the modules around ``home``, outermost first.
    """

    home: str
    modules: tuple[str, ...]
    callers: tuple[str, ...]
    cost: float


def list_units(tree: Tree, costs: Costs, shares: Mapping[str, float]) -> tuple[Unit, ...]:
    """All units of a model in the order in which they first run.

    ``shares`` are the costs of single modules, from :func:`mix_costs`. Every module is in exactly
    one unit. A model without parameters is one unit.
    """
    order = CallOrder(tree, costs)
    anchors = {name: _anchor(order, name) for name in tree.by_name}
    movable = sorted(
        {name for name in anchors.values() if name is not None} or {tree.nodes[0].name},
        key=order.place.__getitem__,
    )
    home = _homes(order, anchors, movable)
    hosts = _hosts(order, anchors, home)
    members: dict[str, list[str]] = {name: [] for name in movable if home[name] == name}
    for node in tree.nodes:
        members[hosts[node.name]].append(node.name)
    return tuple(
        Unit(
            home=name,
            modules=tuple(modules),
            callers=order.callers(name),
            cost=sum(shares[module] for module in modules),
        )
        for name, modules in members.items()
    )


def _anchor(order: CallOrder, name: str) -> str | None:
    """The module with whose parameters ``name`` must stay; None where it needs none.

    Parameters of something that has no forward are read by its caller, and a whole module keeps
    all that is below it.
    """
    tree = order.tree
    around = (tree.by_name[name], *tree.ancestors(name))
    node = next((above for above in reversed(around) if above.whole), around[0])
    if not (_has_parameters(tree, node) or node.name in order.readers):
        return None
    return order.caller(node.name) if order.is_transparent(node) else node.name


def _has_parameters(tree: Tree, node: Node) -> bool:
    below = tree.children[node.name] if node.whole else ()
    return bool(node.parameters) or any(
        child.parameters or _has_parameters(tree, replace(child, whole=True)) for child in below
    )


def _homes(
    order: CallOrder, anchors: Mapping[str, str | None], movable: list[str]
) -> dict[str, str]:
    """Anchor -> the first of those that it shares parameters with."""
    pairs: list[tuple[str, str]] = []
    owner: dict[int, str] = {}
    for name, anchor in anchors.items():
        if anchor is not None:
            shared = order.tree.by_name[name].parameters
            pairs += [(owner.setdefault(identity, anchor), anchor) for identity in shared]
    for reader, read in order.costs.together:
        one, other = anchors.get(reader), anchors.get(read)
        if one is not None and other is not None:
            pairs.append((one, other))
    return joined(movable, pairs)


def _hosts(
    order: CallOrder, anchors: Mapping[str, str | None], home: Mapping[str, str]
) -> dict[str, str]:
    """Module -> home of the unit that it runs with."""
    first = _first_units(order, anchors, home)
    root = order.tree.nodes[0].name
    fallback = next(iter(home.values()))
    found: dict[str, str] = {}
    for node in order.tree.nodes:
        anchor = anchors[node.name]
        if anchor is not None:
            found[node.name] = home[anchor]
        elif node.name in first and not order.is_transparent(node):
            found[node.name] = first[node.name]
        else:
            above = order.caller(node.name)
            found[node.name] = fallback if node.name == root else found[above]
    return found


def _first_units(
    order: CallOrder, anchors: Mapping[str, str | None], home: Mapping[str, str]
) -> dict[str, str]:
    """Module -> the unit with which the modules below it begin.

    One that lives elsewhere, because it shares parameters with an earlier module, says nothing
    about where the others below the same parent run: a decoder's embedding, tied to the encoder's.
    """
    found: dict[str, tuple[tuple[bool, tuple[int, int]], str]] = {}
    for name, anchor in anchors.items():
        if anchor is None:
            continue
        rank = (home[anchor] != anchor, order.place[anchor])
        for above in order.callers(name):
            if above not in found or rank < found[above][0]:
                found[above] = (rank, home[anchor])
    return {name: unit for name, (_, unit) in found.items()}
