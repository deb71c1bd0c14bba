"""ScalingStudy: one estimator at several world sizes."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.estimator import CellSource, Estimator
from jupyter_sdt.estimator.inputs import Inputs
from jupyter_sdt.estimator.job_names import make_job_name
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.scaling.advice import Scaling
from jupyter_sdt.scaling.conditions import Conditions, current_conditions
from jupyter_sdt.scaling.model import ScalingModel, fit
from jupyter_sdt.scaling.panels import StudyPicture
from jupyter_sdt.scaling.points import StudySettings, job_name, jobs_of_study
from jupyter_sdt.scaling.rows import MeasuredJob, StudyRow, measure_job, tabulate
from jupyter_sdt.scaling.summary import rows_dataframe, summary_text
from jupyter_sdt.scaling.variants import estimator_variants

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class ScalingStudy:
    """Runs ``estimator`` once per world size (and repeat), alone, and compares the throughput.

    ``scaling="strong"`` keeps the global batch: with ``batch_size_hyperparameter`` its value is
    the global batch and each rank gets its share; without, the script has to divide it by the
    world size itself. ``"weak"`` keeps the batch of each replica. ``warmup_steps`` are left out of
    every job, by default the first 10 % and at least 5. Every rank gets the same number of threads
    at every size. Raises SpecError before anything starts, also for sizes with more ranks than
    this machine has cores or GPUs unless ``oversubscribe``.
    """

    def __init__(
        self,
        estimator: Estimator,
        world_sizes: Sequence[int] = (1, 2, 4),
        *,
        scaling: Scaling = "strong",
        repeats: int = 1,
        name: str | None = None,
        oversubscribe: bool = False,
        warmup_steps: int | None = None,
        batch_size_hyperparameter: str | None = None,
    ) -> None:
        if batch_size_hyperparameter and scaling == "weak":
            raise SpecError(
                f"batch_size_hyperparameter={batch_size_hyperparameter!r} is divided among the "
                "ranks for scaling='strong'; weak scaling keeps it, so leave it out",
                argument="batch_size_hyperparameter",
            )
        variants = estimator_variants(
            estimator,
            world_sizes,
            divided=batch_size_hyperparameter,
            oversubscribe=oversubscribe,
        )
        settings = StudySettings(
            name=name or make_job_name("study", time.time()),
            world_sizes=tuple(variants),
            scaling=scaling,
            repeats=repeats,
            warmup_steps=warmup_steps,
        )
        settings.check_free()
        self._begin(settings, variants)

    @classmethod
    def attach(cls, name: str, *, warmup_steps: int | None = None) -> Self:
        """Rebuild a study from the jobs it left, as after a kernel restart.

        A job that still runs becomes ``current_job``; :meth:`wait` measures it as well. Sizes that
        had not been started are not started any more. Raises SdtError when there is none of that
        name.
        """
        jobs = jobs_of_study(name)
        study = cls.__new__(cls)
        study._begin(StudySettings.of_jobs(name, jobs, warmup_steps), {})
        for job in jobs:
            study._take_up(job)
        return study

    def _begin(self, settings: StudySettings, variants: Mapping[int, Estimator]) -> None:
        self.settings = settings
        # Started so far, and the one that runs now: what a live view follows.
        self.jobs: list[TrainingJob] = []
        self.current_job: TrainingJob | None = None
        self._variants = variants
        self._measured: list[MeasuredJob] = []

    def run(
        self,
        inputs: Inputs = None,
        on_change: Callable[[ScalingStudy], None] | None = None,
        *,
        cell: CellSource | None = None,
        variables: Mapping[str, bytes] | None = None,
    ) -> Self:
        """Start every size, the smallest first, one after the other, and measure each.

        ``inputs``, ``cell`` and ``variables`` are those of :meth:`Estimator.start`. ``on_change``
        is called with the study when a job starts, at every change, at least five times a second,
        and when a job has been measured. A job that somebody stops ends the study. Ctrl-C ends it
        as well, but never the job that runs. Raises JobError when a job failed, and SpecError when
        one recorded nothing to measure; what was measured before stays.
        """
        if self.jobs:
            raise RuntimeStateError(f"study {self.name} was run before; make a new ScalingStudy")
        for point in self.settings.points():
            self.current_job = self._variants[point.world_size].start(
                inputs, job_name=job_name(point), cell=cell, variables=variables, study=point
            )
            self.jobs.append(self.current_job)
            if not self._finish(self.current_job, on_change):
                break
        return self

    def wait(self, on_change: Callable[[ScalingStudy], None] | None = None) -> Self:
        """Wait for the job that an attached study found running, and measure it."""
        if self.current_job is not None:
            self._finish(self.current_job, on_change)
        return self

    def stop(self) -> None:
        """Stop the job that runs now, and with it the study."""
        if self.current_job is not None:
            self.current_job.stop()

    @property
    def name(self) -> str:
        """The study's name, with which its jobs' names begin."""
        return self.settings.name

    @property
    def rows(self) -> list[StudyRow]:
        """The table so far: a row for every world size that has been measured at least once."""
        return tabulate(self._measured)

    def table(self) -> list[StudyRow]:
        """Return :attr:`rows`."""
        return self.rows

    def dataframe(self) -> pd.DataFrame:
        """Return the table as a DataFrame, one line per world size."""
        return rows_dataframe(self.rows)

    @property
    def model(self) -> ScalingModel | None:
        """A scaling law through the measured sizes; None while there are fewer than two."""
        rows = self.rows
        return fit(rows) if len(rows) >= 2 else None

    def conditions(self) -> Conditions:
        """What it is measured on: this machine, the software, the day, the threads per rank."""
        return current_conditions(self.jobs[0].spec if self.jobs else None)

    def picture(self) -> StudyPicture:
        """What the figure shows, for :func:`jupyter_sdt.scaling.figure.redraw` in a live view."""
        return StudyPicture(
            name=self.name,
            scaling=self.settings.scaling,
            rows=self.rows,
            planned=self.settings.world_sizes,
            model=self.model if self.current_job is None else None,
            footnote=str(self.conditions()),
        )

    def figure(self) -> Figure:
        """Return throughput, speedup and efficiency as a matplotlib figure."""
        from jupyter_sdt.scaling.figure import study_figure  # noqa: PLC0415 - loads matplotlib

        return study_figure(self.picture())

    def summary(self) -> str:
        """Return as text the table, what follows from it and what it was measured on."""
        return summary_text(self.picture())

    def __repr__(self) -> str:
        return self.summary()

    def _repr_png_(self) -> bytes:
        """What a notebook shows for a study."""
        content = io.BytesIO()
        self.figure().savefig(content, format="png", dpi=110)
        return content.getvalue()

    def _finish(self, job: TrainingJob, on_change: Callable[[ScalingStudy], None] | None) -> bool:
        """Wait for a job and measure it; returns whether it completed."""
        tell = on_change or (lambda _: None)
        completed = job.wait(on_change=lambda _: tell(self)).status == "Completed"
        if completed:
            self._measure(job)
        self.current_job = None
        tell(self)
        return completed

    def _take_up(self, job: TrainingJob) -> None:
        state = job.state()
        self.jobs.append(job)
        if not state.terminal:
            self.current_job = job
        elif state.status == "Completed":
            self._measure(job)

    def _measure(self, job: TrainingJob) -> None:
        self._measured.append(measure_job(job, self.settings.warmup_steps))
