"""One ``%%sdt_train`` cell: everything that is checked before anything starts, then the start."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.cells.arguments import Arguments, parse_arguments
from jupyter_sdt.cells.cell_text import CellText, count_blank_lines
from jupyter_sdt.estimator import CellSource, Estimator
from jupyter_sdt.estimator.frameworks import estimator_of_cell
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.notebook.variables import PackedVariable, pack_variables, readable_size
from jupyter_sdt.scaling.study import ScalingStudy
from jupyter_sdt.spec.job_spec import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCell:
    """What a cell asks for, checked: flags, source (None with ``--entry-point``), variables."""

    arguments: Arguments
    source: CellSource | None
    messages: tuple[str, ...] = ()
    variables: tuple[PackedVariable, ...] = ()

    def estimator(self) -> Estimator:
        """The Estimator the flags describe."""
        return estimator_of_cell(self.arguments.estimator)

    def start(self) -> TrainingJob:
        """Start the job and return at once."""
        return self.estimator().start(
            dict(self.arguments.inputs) or None,
            job_name=self.arguments.job_name,
            cell=self.source,
            variables=self._pickles(),
            variables_out=self.arguments.variables_out,
        )

    def study(self) -> ScalingStudy:
        """The scaling study the flags describe; nothing is started."""
        arguments = self.arguments
        return ScalingStudy(
            self.estimator(),
            arguments.scale,
            scaling=arguments.scaling,
            repeats=arguments.repeats,
            name=arguments.job_name,
            oversubscribe=arguments.oversubscribe,
            warmup_steps=arguments.warmup_steps,
            batch_size_hyperparameter=arguments.batch_size_hyperparameter,
        )

    def run(self, study: ScalingStudy, on_change: Callable[[ScalingStudy], None]) -> None:
        """Run ``study`` with this cell, to its end."""
        study.run(
            dict(self.arguments.inputs) or None,
            on_change,
            cell=self.source,
            variables=self._pickles(),
        )

    def plan(self) -> str:
        """The launch plan as text; nothing is started."""
        made = self.estimator().plan(
            dict(self.arguments.inputs) or None,
            job_name=self.arguments.job_name,
            cell=self.source,
        )
        return str(made)

    def _pickles(self) -> dict[str, bytes]:
        return {packed.name: packed.content for packed in self.variables}

    def say(self) -> None:
        """Print what was changed in the cell and which variables went along."""
        lines = list(self.messages)
        if self.variables:
            total = readable_size(sum(len(packed.content) for packed in self.variables))
            in_all = f": {total} in all" if len(self.variables) > 1 else ""
            lines.append(f"sent {', '.join(map(str, self.variables))}{in_all}")
        sys.stdout.writelines(f"{line}\n" for line in lines)


def read_cell(shell: Any, line: str, body: str) -> TrainingCell:
    """Check a cell from its flags to its variables. Raises SpecError; nothing was started then."""
    arguments = parse_arguments(line, shell.user_ns)
    if arguments.help:
        return TrainingCell(arguments=arguments, source=None)
    text = _cell_text(shell, line, body)
    source: CellSource | None = None
    messages: list[str] = []
    if arguments.entry_point:
        arguments = arguments.with_hyperparameters(text.hyperparameters())
    else:
        code, messages = text.entry_point()
        source = CellSource(source=code, cell=text.cell)
    variables = pack_variables(arguments.variables_in, shell.user_ns)
    return TrainingCell(
        arguments=arguments,
        source=source,
        messages=tuple(messages),
        variables=tuple(variables),
    )


def _cell_text(shell: Any, line: str, body: str) -> CellText:
    """The text with its place. A cell that is not in the history (silent) has no number.

    IPython stores a cell under its number before running it, while ``shell.execution_count`` is
    already that of the next cell since IPython 9 and still that of this one before.
    """
    stored = shell.history_manager.input_hist_raw if shell.history_manager else [""]
    this = body.strip() in stored[-1] and "%%sdt_train" in stored[-1]
    # JPY_SESSION_NAME is the notebook's path, set by jupyter_server for the kernels it starts.
    cell = Cell(
        execution_count=len(stored) - 1 if this else None,
        notebook=os.environ.get("JPY_SESSION_NAME", ""),
        cell_id=_cell_id(shell),
    )
    blank_lines = count_blank_lines(stored[-1]) if this else 0
    return CellText(line=line, body=body, cell=cell, blank_lines=blank_lines)


def _cell_id(shell: Any) -> str:
    """The cell's id in the notebook, which JupyterLab sends along with the request to run it."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return str((parent or {}).get("metadata", {}).get("cellId", ""))
