"""``%sdt_doctor``: would this job start? What is missing is said with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from jupyter_sdt.cells.arguments import Arguments, parse_arguments
from jupyter_sdt.errors import LaunchError
from jupyter_sdt.estimator import CellSource
from jupyter_sdt.estimator.frameworks import estimator_of_cell
from jupyter_sdt.launch.launchers.mpirun import find_mpirun
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.node.devices import count_cpus
from jupyter_sdt.launch.remote.estimate import hourly_price
from jupyter_sdt.launch.remote.preflight import Finding, preflight
from jupyter_sdt.launch.remote.price_list import best_price
from jupyter_sdt.launch.remote.service import Service, find_region
from jupyter_sdt.spec.job_spec import Cell
from jupyter_sdt.store.job_directory import jobs_root

_MARKS = {"ok": "ok", "wrong": "WRONG", "unknown": "unknown"}


@dataclass(frozen=True)
class Diagnosis:
    """Findings, as text or as an HTML table."""

    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        width = max((len(finding.what) for finding in self.findings), default=0)
        return "\n".join(f"{_MARKS[f.state]:<8}{f.what:<{width}}  {f.said}" for f in self.findings)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_MARKS[f.state]}</td><td>{escape(f.what)}</td>"
            f"<td style='text-align: left'>{escape(f.said)}</td></tr>"
            for f in self.findings
        )
        return f"<table><tbody>{rows}</tbody></table>"


def diagnose(shell: Any, line: str) -> Diagnosis:
    """Look at what a ``%%sdt_train`` with these flags needs. Raises SpecError for wrong flags."""
    arguments = parse_arguments(line, shell.user_ns)
    try:
        plan = _plan(arguments)
    except LaunchError as error:
        return Diagnosis((*_machine(trains=False), Finding("launch", "wrong", str(error))))
    findings = [*_machine(trains=not plan.request)]
    if plan.request:
        service = Service(find_region())
        findings += [*preflight(plan.request, service), _cost(plan, service)]
    else:
        findings.append(Finding("launch", "ok", "; ".join((plan.launcher, *plan.notes))))
    return Diagnosis(tuple(findings))


def _plan(arguments: Arguments) -> LaunchPlan:
    cell = None if arguments.entry_point else CellSource(source="pass\n", cell=Cell())
    estimator = estimator_of_cell(arguments.estimator)
    return estimator.plan(dict(arguments.inputs) or None, job_name=arguments.job_name, cell=cell)


def _cost(plan: LaunchPlan, service: Service) -> Finding:
    """What the job may cost, by the Price List of AWS where the plan knew no exact price."""
    if plan.estimate is None:
        return Finding("cost", "unknown", "")
    instances = plan.estimate.instances
    hourly, sources = hourly_price(instances, service.region, best_price(service))
    estimate = replace(plan.estimate, hourly_price=hourly, sources=sources)
    return Finding("cost", "unknown" if hourly is None else "ok", str(estimate))


def _machine(*, trains: bool) -> Iterator[Finding]:
    """What is here; this machine ``trains`` itself or only follows a job elsewhere."""
    yield Finding("Python", "ok", f"{sys.version.split()[0]}, {count_cpus()} cores")
    if trains:
        yield _torch()
        yield _mpirun()
    yield _jobs_folder()


def _torch() -> Finding:
    try:
        return Finding("torch", "ok", version("torch"))
    except PackageNotFoundError:
        return Finding("torch", "wrong", "pip install torch")


def _mpirun() -> Finding:
    try:
        return Finding("mpirun", "ok", str(find_mpirun(sys.executable)))
    except LaunchError as error:
        return Finding("mpirun", "unknown", f"only for the launcher mpirun: {error}")


def _jobs_folder() -> Finding:
    root = jobs_root()
    there = next(path for path in (root, *root.parents) if path.exists())
    if not os.access(there, os.W_OK):
        said = f"{root} cannot be written; set SDT_JOBS_DIR to a folder that can"
        return Finding("jobs", "wrong", said)
    free = shutil.disk_usage(there).free
    return Finding("jobs", "ok" if free > 1e9 else "wrong", f"{root}, {free / 1e9:.1f} GB free")
