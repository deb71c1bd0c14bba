"""``--scale``: running a study below its cell, live while it runs and a picture afterwards."""

# IPython's display carries no annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import base64
import sys
import threading
from typing import Any

from IPython.display import display

from jupyter_sdt.errors import SdtError
from jupyter_sdt.notebook.output import WIDGET_VIEW
from jupyter_sdt.notebook.study_view import StudyView, status_line
from jupyter_sdt.notebook.telling import DetachedError, describe
from jupyter_sdt.notebook.training_cell import TrainingCell
from jupyter_sdt.scaling.study import ScalingStudy
from jupyter_sdt.scaling.table_json import study_table

MIMETYPE = "application/vnd.jupyter-sdt.study+json"


class StudyOutput:
    """One display for a study; a terminal gets a line per job."""

    def __init__(self, shell: Any, study: ScalingStudy) -> None:
        self._view = StudyView(study) if hasattr(shell, "kernel") else None
        self._handle: Any = None
        self._said = ""

    def open(self, study: ScalingStudy) -> None:
        """Show the study before its first job."""
        if self._view is not None:
            view = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._view.widget.model_id,
            }
            bundle = {MIMETYPE: to_json(study, live=True), WIDGET_VIEW: view}
            text = {"text/plain": status_line(study)}
            self._handle = display(bundle | text, raw=True, display_id=True)

    def refresh(self, study: ScalingStudy) -> None:
        """Show how it is now."""
        if self._view is not None:
            self._view.update(study)
        elif self._said != (line := status_line(study)):
            self._said = line
            sys.stdout.write(line + "\n")

    def close(self, study: ScalingStudy, error: BaseException | None = None) -> None:
        """Leave the table and the scaling curve behind, and what went wrong where nobody waits."""
        text = "\n\n".join([study.summary(), *([describe(error)] if error else [])])
        if self._view is None:
            sys.stdout.write(text + "\n")
            return
        bundle: dict[str, Any] = {MIMETYPE: to_json(study, live=False), "text/plain": text}
        if study.rows and error is None:
            bundle["image/png"] = base64.b64encode(study._repr_png_()).decode()
        self._handle.update(bundle, raw=True)
        self._view.close()


def run_study(shell: Any, training: TrainingCell) -> None:
    """Run the study a cell asks for. With ``--study NAME`` the notebook gets it as a variable.

    Raises what :meth:`ScalingStudy.run` raises, and DetachedError when the cell is interrupted.
    """
    arguments = training.arguments
    study = training.study()
    if arguments.study:
        shell.user_ns[arguments.study] = study
    training.say()
    output = StudyOutput(shell, study)
    output.open(study)
    if not arguments.wait:
        thread = threading.Thread(target=_run_behind, args=(training, study, output), daemon=True)
        thread.start()
        return
    try:
        training.run(study, output.refresh)
    except KeyboardInterrupt:
        job = study.jobs[-1].name if study.jobs else study.name
        raise DetachedError(job, "; the study ends with it") from None
    finally:
        output.close(study)
    if hasattr(shell, "kernel"):
        sys.stdout.write(study.summary() + "\n")


def to_json(study: ScalingStudy, *, live: bool) -> dict[str, Any]:
    """The payload of the study's mimetype: its table, for a renderer to draw offline."""
    return {
        "version": 1,
        "study_name": study.name,
        "scaling": study.settings.scaling,
        "live": live,
        "world_sizes": list(study.settings.world_sizes),
        "repeats": study.settings.repeats,
        "job_names": [job.name for job in study.jobs],
        "table": study_table(study.rows, study.settings.scaling),
    }


def _run_behind(training: TrainingCell, study: ScalingStudy, output: StudyOutput) -> None:
    try:
        training.run(study, output.refresh)
    except (SdtError, OSError) as error:
        output.close(study, error)
    else:
        output.close(study)
