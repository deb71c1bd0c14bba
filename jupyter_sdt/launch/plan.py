"""A launch as data: exactly what would be started, computed without side effects."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from jupyter_sdt.spec.distribution import Launcher


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPlan:
    """One process the supervisor starts.

    ``environment`` is what we set on top of the environment the job was submitted from. ``rank``
    is None for a launcher (torchrun, mpirun), which starts the ranks itself. ``log`` is relative
    to the job directory.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: str
    node: str
    log: str
    rank: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from ``dataclasses.asdict``'s form."""
        return cls(**{**data, "argv": tuple(data["argv"])})

    def command_line(self) -> str:
        """The command quoted for a POSIX shell, for people to read and paste."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPlan:
    """Everything a job will start on local nodes, or the request sent to a service."""

    job_name: str
    launcher: Launcher
    world_size: int
    processes: tuple[ProcessPlan, ...] = ()
    notes: tuple[str, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_json`'s form."""
        known: dict[str, Any] = {k: data[k] for k in cls.__dataclass_fields__ if k in data}
        known["notes"] = tuple(known.get("notes", ()))
        known["processes"] = tuple(map(ProcessPlan.from_json, known.get("processes", ())))
        return cls(**known)

    def __str__(self) -> str:
        head = f"{self.job_name}: {self.launcher}, world_size {self.world_size}"
        return "\n".join([head, *(f"  note: {n}" for n in self.notes), *map(_page, self.processes)])


def _page(process: ProcessPlan) -> str:
    who = process.node if process.rank is None else f"{process.node} rank {process.rank}"
    variables = (f"      {k}={shlex.quote(v)}" for k, v in sorted(process.environment.items()))
    return "\n".join(
        [
            f"  {who}",
            f"    {process.command_line()}",
            f"    in {process.working_directory}, output to {process.log}",
            *variables,
        ]
    )
