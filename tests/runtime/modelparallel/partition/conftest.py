"""Trees written down as a table, and the model families of the benchmark."""

import sys
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

from jupyter_sdt.runtime.modelparallel.partition.costs import Costs, ModuleCost
from jupyter_sdt.runtime.modelparallel.partition.nodes import Node, Tree

# The same examples in every run, with all the time they need, and nothing written down.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")


def write_tree(rows, containers=(), whole=()):
    """Names with bytes of own parameters; a string of letters instead names shared parameters."""
    nodes = []
    for name, own in rows.items():
        if isinstance(own, str):
            parameters = {ord(letter): 8 for letter in own}
        else:
            parameters = {1000 + len(nodes): own} if own else {}
        parent = name.rpartition(".")[0] if name else None
        node = Node(name=name, parent=parent, parameters=parameters)
        marks = {"container": name in containers, "whole": name in whole}
        nodes.append(Node(**{**vars(node), **marks}))
    return Tree(tuple(nodes))


def write_costs(order, together=(), **seconds):
    """Modules in the order of their first calls; each a second, the root none, or as said."""
    return Costs(
        modules={
            name: ModuleCost(seconds=seconds.get(name, 1.0 if name else 0.0), first_call=place)
            for place, name in enumerate(order)
        },
        together=tuple(together),
    )


@pytest.fixture(scope="session")
def benchmark():
    """The benchmark's module of that name: families, partition."""
    folder = str(Path(__file__).parents[4] / "benchmarks" / "modelparallel")
    sys.path.insert(0, folder)
    yield import_module
    sys.path.remove(folder)


@pytest.fixture
def tree():
    return write_tree


@pytest.fixture
def costs():
    return write_costs
