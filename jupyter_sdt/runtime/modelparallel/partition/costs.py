"""What each module costs: time, memory, and its place in the order of calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.nodes import Tree

# In training a parameter comes with its gradient and, with Adam, with two moments.
TRAINING_COPIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleCost:
    """One module alone, without the modules it calls, for one microbatch.

    ``seconds`` are forward and backward together (or anything proportional to them),
    ``activation_bytes`` what it keeps for backward, ``calls`` how often it was called and
    ``first_call`` when first, counted over all modules from 0. One that is recomputed keeps its
    arguments; ``recomputed_bytes`` is what it and those below keep while backward is there.
    """

    seconds: float = 0.0
    activation_bytes: int = 0
    calls: int = 1
    first_call: int = 0
    recomputed_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs of the modules that were called, by name.

    ``together`` are pairs of modules of which the first computes with the second's parameters
    without calling it (``functional.linear(x, self.embedding.weight)``): they need one stage.
    """

    modules: Mapping[str, ModuleCost]
    together: tuple[tuple[str, str], ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A form that json can write, for sending rank 0's measurements to all ranks."""
        modules = {name: asdict(cost) for name, cost in self.modules.items()}
        return {"modules": modules, "together": [list(pair) for pair in self.together]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild what :meth:`to_json` returned."""
        modules = {name: ModuleCost(**cost) for name, cost in data["modules"].items()}
        return cls(modules=modules, together=tuple((a, b) for a, b in data["together"]))


def estimate_costs(tree: Tree) -> Costs:
    """Costs without running anything (``skip_tracing``): time in proportion to parameters.

    Modules are taken to be called once each, in the order of registration.
    """
    called = (node for node in tree.nodes if not node.container)
    return Costs(
        modules={
            node.name: ModuleCost(seconds=float(tree.parameter_bytes[node.name]), first_call=place)
            for place, node in enumerate(called)
        }
    )


def mix_costs(tree: Tree, costs: Costs, memory_weight: float) -> dict[str, float]:
    """Name -> share of the whole model's cost, between 0 and 1; the shares sum up to 1.

    ``memory_weight`` times the share of memory plus the rest times the share of time, as in
    section 3 of https://arxiv.org/abs/2111.05972. Where nothing is known of one of the two, the
    other counts alone. Raises SpecError for a weight outside 0 to 1.
    """
    if not 0.0 <= memory_weight <= 1.0:
        raise SpecError(
            f"memory_weight={memory_weight} must be from 0.0 (balance computation only) to 1.0 "
            "(balance memory only)",
            argument="memory_weight",
        )
    names = [node.name for node in tree.nodes]
    memory = _shares([float(memory_bytes(tree, costs, name)) for name in names])
    time = _shares([_seconds(costs, name) for name in names])
    weight = memory_weight if any(time) else 1.0
    weight = weight if any(memory) else 0.0
    mixed = (weight * m + (1 - weight) * t for m, t in zip(memory, time, strict=True))
    return dict(zip(names, mixed, strict=True))


def memory_bytes(tree: Tree, costs: Costs, name: str) -> int:
    """Memory of one module in training: parameters with what comes with them, and activations."""
    kept = costs.modules[name].activation_bytes if name in costs.modules else 0
    parameters = TRAINING_COPIES * tree.parameter_bytes[name]
    return parameters + tree.by_name[name].buffer_bytes + kept


def _seconds(costs: Costs, name: str) -> float:
    return costs.modules[name].seconds if name in costs.modules else 0.0


def _shares(values: list[float]) -> list[float]:
    whole = sum(values)
    return [value / whole for value in values] if whole > 0 else values
