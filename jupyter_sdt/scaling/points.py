"""The jobs a study consists of: their order, their names, and finding them again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from jupyter_sdt.errors import SdtError, SpecError, did_you_mean
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.scaling.advice import Scaling
from jupyter_sdt.spec.job_spec import StudyPoint
from jupyter_sdt.store.job_directory import JobDirectory, job_directory
from jupyter_sdt.store.job_store import list_directories


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """What a study was asked for. ``warmup_steps`` None stands for 10 % and at least 5."""

    name: str
    world_sizes: tuple[int, ...]
    scaling: Scaling
    repeats: int
    warmup_steps: int | None

    def __post_init__(self) -> None:
        if self.scaling not in ("strong", "weak"):
            raise SpecError(
                f"scaling={self.scaling!r} must be 'strong' or 'weak'", argument="scaling"
            )
        for name, least in (("repeats", 1), ("warmup_steps", 0)):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < least):
                raise SpecError(f"{name}={value!r} must be {least} or more", argument=name)

    @classmethod
    def of_jobs(cls, name: str, jobs: list[TrainingJob], warmup_steps: int | None) -> Self:
        """What can be told from the jobs a study left."""
        points = [job.spec.study for job in jobs if job.spec.study]
        return cls(
            name=name,
            world_sizes=tuple(sorted({point.world_size for point in points})),
            scaling=points[0].scaling,
            repeats=1 + max(point.repeat for point in points),
            warmup_steps=warmup_steps,
        )

    def points(self) -> Iterator[StudyPoint]:
        """Every job to run: all sizes, smallest first, then all of them again.

        A slow hour of the machine then meets every size and not just one.
        """
        for repeat in range(self.repeats):
            for size in self.world_sizes:
                yield StudyPoint(
                    study_name=self.name, world_size=size, repeat=repeat, scaling=self.scaling
                )

    def check_free(self) -> None:
        """Raise SpecError when the name cannot be one, or jobs of it exist already."""
        for point in self.points():
            directory = job_directory(job_name(point))
            if directory.path.exists():
                raise SpecError(
                    f"name={self.name!r} is taken: job {directory.job_name} exists; choose another "
                    f"name, or see its results with ScalingStudy.attach({self.name!r})",
                    argument="name",
                )


def job_name(point: StudyPoint) -> str:
    """``<study>-n4`` for 4 ranks, ``<study>-n4-r2`` for the second repeat of it."""
    again = f"-r{point.repeat + 1}" if point.repeat else ""
    return f"{point.study_name}-n{point.world_size}{again}"


def jobs_of_study(name: str) -> list[TrainingJob]:
    """Return the jobs of a study in the order they were started. Raises SdtError for none."""
    found = [
        directory
        for directory in list_directories()
        # Their names tell first: not every job of the store has to be opened.
        if directory.job_name.startswith(f"{name}-n") and _study_name(directory) == name
    ]
    if not found:
        others = {_study_name(directory) for directory in list_directories()} - {""}
        raise SdtError(f"no job of a study named {name!r}{did_you_mean(name, others)}")
    return [TrainingJob(directory) for directory in reversed(found)]


def _study_name(directory: JobDirectory) -> str:
    point = _point(directory)
    return point.study_name if point else ""


def _point(directory: JobDirectory) -> StudyPoint | None:
    try:
        return directory.read_spec().study
    except (OSError, ValueError, TypeError, SdtError):
        return None  # somebody deletes it just now, or it is of another version
