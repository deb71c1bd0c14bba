"""What a job ran in: machine, packages, the variables of its ranks, and the plan in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan
from jupyter_sdt.server.small_files import read_small_object
from jupyter_sdt.store.job_directory import JobDirectory

# A script may write into its job's folder what it likes.
_MOST_BYTES = 4 << 20


class Conditions(TypedDict):
    """Interpreter, machine and packages, as they were when the job was started."""

    python: str
    implementation: str
    executable: str
    system: str
    host: str
    cpu: str
    cpus: int
    memory_bytes: int
    gpus: list[str]
    packages: dict[str, str]


class OwnVariables(TypedDict):
    """Variables that one process alone has, or has with another value."""

    process: str
    variables: dict[str, str]


class Environment(TypedDict):
    """Everything; ``image`` is the container's on ``ml.*`` instances, else empty.

    ``conditions`` is None where nothing was recorded: jobs on ``ml.*`` instances, and jobs of
    older versions. ``page`` is the plan as ``--plan`` prints it; empty before the start.
    """

    conditions: Conditions | None
    image: str
    variables: dict[str, str]
    own_variables: list[OwnVariables]
    page: str


def read_environment(directory: JobDirectory) -> Environment:
    """Return what plan.json and conditions.json of a job say. Secrets were never written down."""
    plan = _plan(directory)
    common, own = _variables(plan.processes if plan else ())
    request = plan.request if plan else {}
    return Environment(
        conditions=_conditions(read_small_object(directory.conditions_file, _MOST_BYTES)),
        image=_text(_object(request.get("AlgorithmSpecification")).get("TrainingImage")),
        variables=common,
        own_variables=own,
        page=str(plan) if plan else "",
    )


def _variables(
    processes: tuple[ProcessPlan, ...],
) -> tuple[dict[str, str], list[OwnVariables]]:
    """Variables that all have alike, and those of each process beside them."""
    if not processes:
        return {}, []
    shared = set.intersection(*(set(process.environment.items()) for process in processes))
    own = [
        OwnVariables(
            process=process.node if process.rank is None else str(process.rank),
            variables={
                name: value
                for name, value in sorted(process.environment.items())
                if (name, value) not in shared
            },
        )
        for process in processes
    ]
    return dict(sorted(shared)), [each for each in own if each["variables"]]


def _plan(directory: JobDirectory) -> LaunchPlan | None:
    try:
        return LaunchPlan.from_json(read_small_object(directory.plan_file, _MOST_BYTES))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _conditions(found: Mapping[str, Any]) -> Conditions | None:
    if not found:
        return None
    gpus, packages = found.get("gpus"), _object(found.get("packages"))
    return Conditions(
        python=_text(found.get("python")),
        implementation=_text(found.get("implementation")),
        executable=_text(found.get("executable")),
        system=_text(found.get("system")),
        host=_text(found.get("host")),
        cpu=_text(found.get("cpu")),
        cpus=_count(found.get("cpus")),
        memory_bytes=_count(found.get("memory_bytes")),
        gpus=[_text(name) for name in gpus] if isinstance(gpus, list) else [],
        packages={_text(name): _text(version) for name, version in packages.items()},
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0
