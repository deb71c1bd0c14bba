"""Starting a job for a browser, on the very way that ``%%sdt_train`` takes in the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator import CellSource, Estimator
from jupyter_sdt.estimator.frameworks import estimator_of_cell
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.server.anchoring import anchor_arguments, anchor_inputs
from jupyter_sdt.server.cell_request import read_cell
from jupyter_sdt.server.costs import EstimatePayload, estimate_payload
from jupyter_sdt.server.layouts import Place, places
from jupyter_sdt.server.own_jobs import ConflictError
from jupyter_sdt.server.request_body import StartBody
from jupyter_sdt.spec.job_spec import Cell
from jupyter_sdt.store.job_directory import job_directory


class PlanPayload(TypedDict):
    """What would be started: the plan, the plan as text, and which rank sits where.

    ``estimate`` is what it may cost, ``messages`` tell what was changed in the cell.
    """

    plan: dict[str, Any]
    estimate: EstimatePayload | None
    page: str
    layout: list[Place]
    messages: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A request that was read: everything :meth:`Estimator.start` needs."""

    estimator: Estimator
    inputs: Any = None
    job_name: str | None = None
    cell: CellSource | None = None
    variables_out: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    def start(self) -> TrainingJob:
        """Start the job and return at once.

        Raises SpecError, LaunchError, or ConflictError when the name is taken.
        """
        try:
            return self.estimator.start(
                self.inputs,
                job_name=self.job_name,
                cell=self.cell,
                variables_out=self.variables_out,
            )
        except SpecError as error:
            if error.argument == "job_name" and self._taken():
                raise ConflictError(str(error), argument="job_name") from None
            raise

    def plan(self) -> PlanPayload:
        """Say what would be started; nothing is started or written. Raises as :meth:`start`."""
        plan = self.estimator.plan(self.inputs, job_name=self.job_name, cell=self.cell)
        return PlanPayload(
            plan=plan.to_json(),
            estimate=estimate_payload(plan.estimate),
            page=str(plan),
            layout=places(self.estimator, plan),
            messages=list(self.messages),
        )

    def _taken(self) -> bool:
        return self.job_name is not None and job_directory(self.job_name).path.exists()


def read_launch(content: bytes, root: Path) -> Launch:
    """Read the body of a request; ``root`` is the server's root folder. Raises SpecError."""
    body = StartBody.from_json(content)
    cell = Cell(execution_count=body.execution_count, notebook=body.notebook, cell_id=body.cell_id)
    if body.cell is None:
        return _from_arguments(body, cell, body.folder(root))
    arguments, source, messages = read_cell(body.cell, cell)
    folder = body.folder(root)
    return Launch(
        estimator=estimator_of_cell(anchor_arguments(arguments.estimator, folder)),
        inputs=anchor_inputs(dict(arguments.inputs) or None, folder),
        job_name=arguments.job_name,
        cell=source,
        variables_out=arguments.variables_out,
        messages=tuple(messages),
    )


def _from_arguments(body: StartBody, cell: Cell, folder: Path) -> Launch:
    return Launch(
        estimator=estimator_of_cell(anchor_arguments(_plain(body.arguments), folder)),
        inputs=anchor_inputs(body.inputs, folder),
        job_name=body.job_name,
        cell=_checked_source(body.source, cell),
        variables_out=body.variables_out,
    )


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The form knows the magic's short words for distributions."""
    from jupyter_sdt.cells.degrees import read_degrees  # noqa: PLC0415 - with the first request
    from jupyter_sdt.cells.values import DISTRIBUTIONS  # noqa: PLC0415

    given = arguments.get("distribution")
    if not isinstance(given, str):
        return dict(arguments)
    known = read_degrees(given) if "=" in given else DISTRIBUTIONS.get(given, given)
    return {**arguments, "distribution": known}


def _checked_source(source: str | None, cell: Cell) -> CellSource | None:
    if source is None:
        return None
    try:
        compile(source, "source", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise SpecError(f"source: {error}", argument="source") from None
    return CellSource(source=source, cell=cell)
