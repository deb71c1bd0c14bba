"""Which stage runs which module: the partitioner's answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.partition.blocks import divided_blocks

_SHOWN = 8  # names of a stage in the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One module: its stage and what it costs alone, without the modules below it.

    ``parameters_bytes`` counts a parameter that several modules share at the first of them;
    ``cost`` is a share of the whole model's; ``activation_bytes`` are kept for the backward of one
    microbatch, ``recomputed_bytes`` while it is recomputed in backward. A second name of a module
    has a row of its own, which costs nothing.
    """

    name: str
    stage: int
    parameters_bytes: int
    cost: float
    activation_bytes: int = 0
    recomputed_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Stages 0 to ``stages - 1`` of all modules, in the order of ``named_modules()``."""

    stages: int
    modules: tuple[Placement, ...]

    @cached_property
    def stage_of(self) -> Mapping[str, int]:
        """Name of a module -> stage that runs it, and that holds its own parameters."""
        return {placement.name: placement.stage for placement in self.modules}

    @property
    def parameters_bytes(self) -> tuple[int, ...]:
        """Bytes of parameters on each stage."""
        return tuple(int(v) for v in self._sums([m.parameters_bytes for m in self.modules]))

    @property
    def largest_bytes(self) -> tuple[int, ...]:
        """Bytes of parameters of the largest module on each stage, without those below it."""
        return self._largest([row.parameters_bytes for row in self.modules])

    @property
    def recomputed_bytes(self) -> tuple[int, ...]:
        """Bytes that each stage computes anew at a time, for one module and one microbatch."""
        return self._largest([row.recomputed_bytes for row in self.modules])

    @property
    def activation_bytes(self) -> tuple[int, ...]:
        """Bytes that each stage keeps for the backward of one microbatch."""
        return tuple(int(v) for v in self._sums([m.activation_bytes for m in self.modules]))

    @property
    def cost(self) -> tuple[float, ...]:
        """Share of each stage in the cost of the whole model."""
        return tuple(self._sums([m.cost for m in self.modules]))

    def to_json(self) -> dict[str, Any]:
        """A form that json can write: ``{"stages": int, "modules": [row, ...]}``."""
        return {"stages": self.stages, "modules": [asdict(row) for row in self.modules]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild what :meth:`to_json` returned. Raises SpecError for anything else."""
        try:
            rows = tuple(Placement(**row) for row in data["modules"])
            return cls(stages=int(data["stages"]), modules=rows)
        except (KeyError, TypeError, ValueError) as error:
            raise SpecError(
                f"this is no partition: {type(error).__name__}: {error}; it must be a dictionary "
                "with 'stages' and 'modules', as Assignment.to_json() writes it",
                argument="partition_file",
            ) from None

    def report(self) -> str:
        """Each stage's share and the outermost modules that it runs, one line a stage.

        Then a line for each block of a row that is divided: what it computes goes there and back.
        """
        rows = [f"Partition assignments: {len(self.modules)} modules on {self.stages} stages"]
        for stage in range(self.stages):
            megabytes = self.parameters_bytes[stage] / 1e6
            shown = _abbreviated(self._outermost(stage))
            rows.append(
                f"  stage {stage}: {self.cost[stage]:6.1%} of the cost, {megabytes:.1f} MB of "
                f"parameters: {shown}"
            )
        for block, stages in divided_blocks(self.stage_of).items():
            rows.append(
                f"  {block} lies on stages {' and '.join(map(str, stages))}: with a cut between "
                "blocks (smp.set_partition) a step may take less time, although it is less even"
            )
        return "\n".join(rows)

    def _sums(self, values: Sequence[float]) -> list[float]:
        sums: Counter[int] = Counter()
        for placement, value in zip(self.modules, values, strict=True):
            sums[placement.stage] += value  # type: ignore[assignment]  # typeshed: int only
        return [sums[stage] for stage in range(self.stages)]

    def _largest(self, values: Sequence[int]) -> tuple[int, ...]:
        found = [0] * self.stages
        for placement, value in zip(self.modules, values, strict=True):
            found[placement.stage] = max(found[placement.stage], value)
        return tuple(found)

    def _outermost(self, stage: int) -> list[str]:
        """Modules of ``stage`` that are called from another stage; the root as '(model)'."""
        return [
            row.name or "(model)"
            for row in self.modules
            if row.stage == stage
            and (not row.name or self.stage_of.get(row.name.rpartition(".")[0]) != stage)
        ]


def _abbreviated(names: list[str]) -> str:
    shown = names if len(names) <= _SHOWN else [*names[: _SHOWN - 2], "...", names[-1]]
    return ", ".join(shown) or "nothing"
