"""The Estimator: what the user fills in, in SageMaker's words."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, Unpack

from jupyter_sdt.errors import RuntimeStateError, did_you_mean
from jupyter_sdt.estimator.attaching import arguments_of
from jupyter_sdt.estimator.contents import (
    read_hyperparameters,
    read_metric_definitions,
    split_environment,
)
from jupyter_sdt.estimator.framework_rules import check_framework
from jupyter_sdt.estimator.inputs import Inputs
from jupyter_sdt.estimator.job_names import check_base_job_name
from jupyter_sdt.estimator.keywords import DEFAULTS, NAMES, EstimatorKeywords, signature
from jupyter_sdt.estimator.placement import read_placement
from jupyter_sdt.estimator.reading import read_keywords
from jupyter_sdt.estimator.recipes import read_recipe
from jupyter_sdt.estimator.rules import check_arguments
from jupyter_sdt.estimator.source import CellSource
from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.estimator.watching import print_logs, watch
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.source.git_source import without_secrets
from jupyter_sdt.launch.submission import Submission, plan_submission, submit
from jupyter_sdt.spec.job_spec import StudyPoint


class Estimator:
    """A training job to be: script, data, place and distribution.

    The keywords are those of SageMaker's ``Estimator`` plus ours, listed with their types in
    :class:`~jupyter_sdt.estimator.keywords.EstimatorKeywords`; SageMaker's positional arguments
    work too. Names of SDK 1.x are accepted with a warning, unknown ones refused with the nearest.
    Everything is checked here and nothing the caller passed is ever changed. Raises SpecError or
    DistributionError. https://sagemaker.readthedocs.io/en/stable/api/training/estimators.html
    """

    framework: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ("image_uri", "role", "instance_count", "instance_type")

    _arguments: Mapping[str, Any]
    _latest: TrainingJob | None = None

    # What Estimator? shows; the real one takes *positional and **keywords.
    __signature__: ClassVar[inspect.Signature] = signature(positional)

    def __init_subclass__(cls) -> None:
        cls.__signature__ = signature(cls.positional)

    def __init__(self, *positional: Any, **keywords: Unpack[EstimatorKeywords]) -> None:
        self._adopt(read_keywords(positional, self.positional, keywords, self.framework))

    def fit(
        self,
        inputs: Inputs = None,
        wait: bool = True,
        logs: str | bool | list[str] = "All",
        job_name: str | None = None,
        experiment_config: Mapping[str, str] | None = None,
    ) -> None:
        """Start the job and, with ``wait``, watch it to its end, printing its logs.

        ``experiment_config`` (ExperimentName, TrialName, RunName, ...) counts on SageMaker alone.
        Ctrl-C stops watching, never the job. Raises SpecError or LaunchError when nothing was
        started, JobError when training failed, JobLostError when its supervisor died.
        """
        job = self._begin(
            Request(
                seconds=time.time(),
                inputs=inputs,
                job_name=job_name,
                experiment_config=experiment_config or {},
            )
        )
        if wait:
            watch(job, logs=logs not in (False, None, "None"))

    def start(
        self,
        inputs: Inputs = None,
        *,
        job_name: str | None = None,
        cell: CellSource | None = None,
        variables: Mapping[str, bytes] | None = None,
        variables_out: tuple[str, ...] = (),
        study: StudyPoint | None = None,
    ) -> TrainingJob:
        """Start the job and return at once with a handle on it.

        ``cell`` is the script when there is no ``entry_point``. ``variables`` are pickles by name
        that the script finds in its globals, ``variables_out`` names that rank 0 sends back.
        Raises SpecError, DistributionError or LaunchError; then nothing was started or written.
        """
        request = Request(
            seconds=time.time(),
            inputs=inputs,
            job_name=job_name,
            cell=cell,
            variables=variables or {},
            variables_out=tuple(variables_out),
            study=study,
        )
        return self._begin(request)

    def plan(
        self,
        inputs: Inputs = None,
        job_name: str | None = None,
        *,
        cell: CellSource | None = None,
        experiment_config: Mapping[str, str] | None = None,
    ) -> LaunchPlan:
        """Return exactly what would be started; nothing is started or written.

        Raises what :meth:`start` raises.
        """
        request = Request(
            seconds=time.time(),
            inputs=inputs,
            job_name=job_name,
            cell=cell,
            experiment_config=experiment_config or {},
        )
        return plan_submission(self._submission(request))

    @classmethod
    def attach(cls, training_job_name: str, sagemaker_session: object = None) -> Self:
        """Return an Estimator for a job that was started before; unlike SageMaker's, at once.

        ``latest_training_job`` is that job; of the session the region counts. Raises SdtError when
        there is none of that name, LaunchError when AWS cannot be asked.
        """
        region = getattr(sagemaker_session, "boto_region_name", None)
        job = TrainingJob.attach(training_job_name, region=region)
        estimator = cls(**arguments_of(job, cls.framework))
        estimator._latest = job
        return estimator

    @property
    def latest_training_job(self) -> TrainingJob:
        """The job started or attached last. Raises RuntimeStateError before the first."""
        if self._latest is None:
            raise RuntimeStateError("no job yet: call fit() or attach(name) first")
        return self._latest

    def stop(self) -> None:
        """Ask the latest job to stop: SIGTERM, then SIGKILL after ``stop_seconds``."""
        self.latest_training_job.stop()

    def logs(self) -> None:
        """Print the latest job's log from its beginning until the job ends."""
        print_logs(self.latest_training_job)

    def hyperparameters(self) -> dict[str, Any]:
        """Return a copy of the hyperparameters."""
        return read_hyperparameters(self._arguments.get("hyperparameters", {}))

    def set_hyperparameters(self, **hyperparameters: Any) -> None:
        """Add or replace hyperparameters. Raises SpecError."""
        merged = {**self.hyperparameters(), **hyperparameters}
        self._adopt({**self._arguments, "hyperparameters": merged})

    def with_arguments(self, **changes: Unpack[EstimatorKeywords]) -> Self:
        """Return another Estimator that differs in some keywords; None takes one away.

        Raises what the constructor raises.
        """
        keywords: Any = {**self._arguments, **changes}
        return type(self)(**keywords)

    @property
    def model_data(self) -> str:
        """Where the latest job's model lies: the archive, or the folder without ``output_path``."""
        job = self.latest_training_job
        if job.spec.output_path:
            return f"{job.spec.output_path.rstrip('/')}/{job.name}/output/model.tar.gz"
        return str(job.directory.node(job.spec.nodes[0]) / "model")

    def _adopt(self, arguments: Mapping[str, Any]) -> None:
        """Check ``arguments`` and take them over."""
        given, arguments = arguments, read_recipe(arguments).arguments
        placement = read_placement(arguments)
        check_arguments(arguments, placement.instance)
        check_framework(arguments, self.framework, placement)
        read_hyperparameters(arguments.get("hyperparameters", {}))
        split_environment(arguments.get("environment", {}))
        read_metric_definitions(arguments.get("metric_definitions", ()))
        if "base_job_name" in arguments:
            check_base_job_name(arguments["base_job_name"])
        self._arguments = dict(given)

    def _begin(self, request: Request) -> TrainingJob:
        self._latest = TrainingJob(submit(self._submission(request)))
        return self._latest

    def _submission(self, request: Request) -> Submission:
        """The submission, under a name that is free when it was ours to choose."""
        submission = make_submission(self._arguments, self.framework, request)
        while request.job_name is None and submission.taken:
            request = replace(request, seconds=request.seconds + 0.001)
            submission = make_submission(self._arguments, self.framework, request)
        return submission

    def __getattr__(self, name: str) -> Any:
        """Keywords are attributes, as on SageMaker: ``estimator.instance_count``."""
        if name in NAMES:
            return self._arguments.get(name, DEFAULTS.get(name))
        hint = "" if name.startswith("_") else did_you_mean(name, NAMES)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Assigning to a keyword checks it like the constructor."""
        if name in NAMES:
            changed = read_keywords((), (), {**self._arguments, name: value}, self.framework)
            self._adopt(changed)
        else:
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={_shown(name, value)!r}"
            for name, value in self._arguments.items()
            if name != "environment"
        )
        return f"{type(self).__name__}({shown})"


def _shown(name: str, value: Any) -> Any:
    return without_secrets(value) if name == "git_config" else value
