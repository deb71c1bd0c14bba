"""Which rank sits at which (data, pipeline, tensor) coordinate. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, Self, get_args

from jupyter_sdt.errors import SpecError, did_you_mean

Axis = Literal["data", "pipeline", "tensor"]
AXES: tuple[Axis, ...] = get_args(Axis)
_LETTERS: dict[str, Axis] = {"D": "data", "P": "pipeline", "T": "tensor"}
# SageMaker's names: "cluster" keeps tensor peers on one node, "spread" data-parallel replicas.
PLACEMENTS: dict[str, str] = {"cluster": "DPT", "spread": "TPD"}


@dataclass(frozen=True, slots=True)
class Coordinate:
    """The place of one rank on each axis, counted from 0."""

    data_rank: int
    pipeline_rank: int
    tensor_rank: int

    def along(self, axis: Axis) -> int:
        """The place on one axis."""
        places = {
            "data": self.data_rank,
            "pipeline": self.pipeline_rank,
            "tensor": self.tensor_rank,
        }
        return places[axis]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``world_size = data_parallel_size x pipeline_parallel_size x tensor_parallel_size``.

    ``placement`` is SageMaker's ``placement_strategy``: "cluster", "spread", or a permutation of
    D, P and T whose right-most letter changes fastest with the rank. Raises SpecError for sizes
    below 1 and for any other placement.
    """

    data_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    tensor_parallel_size: int = 1
    placement: str = "cluster"

    def __post_init__(self) -> None:
        for axis in AXES:
            if self.size(axis) < 1:
                name = f"{axis}_parallel_size"
                raise SpecError(f"{name}={self.size(axis)} must be at least 1", argument=name)
        if sorted(self._letters) != sorted(_LETTERS):
            known = [*PLACEMENTS, "a permutation of D, P and T"]
            raise SpecError(
                f"placement={self.placement!r} must be one of {', '.join(known)}"
                f"{did_you_mean(self.placement, PLACEMENTS)}",
                argument="placement",
            )

    @classmethod
    def for_world_size(
        cls,
        world_size: int,
        *,
        pipeline_parallel_size: int = 1,
        tensor_parallel_size: int = 1,
        placement: str = "cluster",
    ) -> Self:
        """Give every rank left over by pipeline and tensor to the data axis.

        Raises SpecError with both numbers when they do not divide ``world_size``.
        """
        model_parallel_size = max(1, pipeline_parallel_size * tensor_parallel_size)
        if world_size % model_parallel_size:
            raise SpecError(
                f"world_size={world_size} is not a multiple of pipeline_parallel_size="
                f"{pipeline_parallel_size} x tensor_parallel_size={tensor_parallel_size} = "
                f"{model_parallel_size}; {nearest_multiples(world_size, model_parallel_size)}",
                argument="world_size",
            )
        return cls(
            data_parallel_size=world_size // model_parallel_size,
            pipeline_parallel_size=pipeline_parallel_size,
            tensor_parallel_size=tensor_parallel_size,
            placement=placement,
        )

    @property
    def world_size(self) -> int:
        """Number of ranks."""
        return prod(self.size(axis) for axis in AXES)

    def size(self, axis: Axis) -> int:
        """The degree of one axis."""
        sizes = {
            "data": self.data_parallel_size,
            "pipeline": self.pipeline_parallel_size,
            "tensor": self.tensor_parallel_size,
        }
        return sizes[axis]

    def coordinate(self, rank: int) -> Coordinate:
        """Where ``rank`` sits. Raises SpecError for a rank outside the world."""
        if not 0 <= rank < self.world_size:
            raise SpecError(
                f"rank={rank} must be from 0 to {self.world_size - 1}: world_size is "
                f"{self.world_size}",
                argument="rank",
            )
        places: dict[Axis, int] = {}
        rest = rank
        for axis in reversed(self._order):
            rest, places[axis] = divmod(rest, self.size(axis))
        return Coordinate(places["data"], places["pipeline"], places["tensor"])

    def rank(self, coordinate: Coordinate) -> int:
        """The rank that sits at ``coordinate``. Raises SpecError for a place outside an axis."""
        rank = 0
        for axis in self._order:
            place, size = coordinate.along(axis), self.size(axis)
            if not 0 <= place < size:
                raise SpecError(
                    f"{axis}_rank={place} must be from 0 to {size - 1}: {axis}_parallel_size is "
                    f"{size}",
                    argument=f"{axis}_rank",
                )
            rank = rank * size + place
        return rank

    def groups(self, *axes: Axis) -> tuple[tuple[int, ...], ...]:
        """Ranks that differ only along ``axes``; ascending inside each group and among groups.

        ``groups("data")`` are the replicas of one slice of the model, ``groups("pipeline",
        "tensor")`` the ranks that together hold one whole copy.
        """
        members: dict[tuple[int, ...], list[int]] = {}
        for rank in range(self.world_size):
            place = self.coordinate(rank)
            key = tuple(place.along(axis) for axis in AXES if axis not in axes)
            members.setdefault(key, []).append(rank)
        return tuple(sorted(tuple(group) for group in members.values()))

    def group(self, rank: int, *axes: Axis) -> tuple[int, ...]:
        """The group of :meth:`groups` that ``rank`` belongs to."""
        self.coordinate(rank)  # refuses a rank that does not exist
        return next(group for group in self.groups(*axes) if rank in group)

    @property
    def _letters(self) -> str:
        return PLACEMENTS.get(self.placement, self.placement)

    @property
    def _order(self) -> tuple[Axis, ...]:
        return tuple(_LETTERS[letter] for letter in self._letters)


def nearest_divisor(size: int, degree: int) -> int:
    """The number next to ``degree`` that divides ``size``."""
    fitting = [n for n in range(1, size + 1) if size % n == 0]
    return min(fitting, key=lambda n: (abs(n - degree), -n))


def nearest_multiples(world_size: int, multiple: int) -> str:
    """Which numbers of ranks would do, as the end of a sentence."""
    below, above = world_size // multiple * multiple, (world_size // multiple + 1) * multiple
    return f"the nearest are {below} and {above}" if below else f"the nearest is {above}"
