"""A launch as data: exactly what would be started, computed without side effects."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from jupyter_sdt.spec.cost import CostEstimate
from jupyter_sdt.spec.distribution import Launcher


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPlan:
    """One process the supervisor starts.

    ``environment`` is what we set on top of the environment the job was submitted from. ``rank``
    is None for a launcher (torchrun, mpirun), which starts the ranks itself. ``log`` is relative
    to the job directory. ``service`` names what a process is that serves the ranks (``ps``): it is
    ended with them, and its orderly end means nothing.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: str
    node: str
    log: str
    rank: int | None = None
    service: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from ``dataclasses.asdict``'s form; keys of newer versions are ignored."""
        known = {k: data[k] for k in cls.__dataclass_fields__ if k in data}
        return cls(**{**known, "argv": tuple(data["argv"])})

    def command_line(self) -> str:
        """The command quoted for a POSIX shell, for people to read and paste."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPlan:
    """Everything a job will start on local nodes, or the request sent to a service.

    ``estimate`` is what that may cost, None for a job that costs nothing.
    """

    job_name: str
    launcher: Launcher | Literal["sagemaker"]
    world_size: int
    processes: tuple[ProcessPlan, ...] = ()
    notes: tuple[str, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)
    estimate: CostEstimate | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from :meth:`to_json`'s form."""
        known: dict[str, Any] = {k: data[k] for k in cls.__dataclass_fields__ if k in data}
        known["notes"] = tuple(known.get("notes", ()))
        known["processes"] = tuple(map(ProcessPlan.from_json, known.get("processes", ())))
        if known.get("estimate") is not None:
            known["estimate"] = CostEstimate.from_json(known["estimate"])
        return cls(**known)

    def __str__(self) -> str:
        head = f"{self.job_name}: {self.launcher}, world_size {self.world_size}"
        notes = [f"  note: {note}" for note in self.notes]
        notes += [] if self.estimate is None else [f"  cost: {self.estimate}"]
        common = _common_environment(self.processes)
        pages = [_page(process, common) for process in self.processes]
        shared = ["  every process", *_variables(common)] if len(self.processes) > 1 else []
        request = [json.dumps(self.request, indent=2)] if self.request else []
        return "\n".join([head, *notes, *pages, *shared, *request])


def _common_environment(processes: tuple[ProcessPlan, ...]) -> dict[str, str]:
    """What several processes have in common, so that a printed plan says it once."""
    if len(processes) < 2:
        return {}
    items = set.intersection(*(set(process.environment.items()) for process in processes))
    return dict(items)


def _page(process: ProcessPlan, common: Mapping[str, str]) -> str:
    what = process.service if process.rank is None else f"rank {process.rank}"
    who = f"{process.node} {what}".strip()
    own = {k: v for k, v in process.environment.items() if k not in common}
    return "\n".join(
        [
            f"  {who}",
            f"    {process.command_line()}",
            f"    in {process.working_directory}, output to {process.log}",
            *_variables(own),
        ]
    )


def _variables(environment: Mapping[str, str]) -> list[str]:
    return [f"      {k}={shlex.quote(v)}" for k, v in sorted(environment.items())]
