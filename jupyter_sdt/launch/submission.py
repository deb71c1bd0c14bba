"""Writing a job's directory and handing it to a supervisor; all of it or nothing."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.launchers.runnable import check_runnable
from jupyter_sdt.launch.node.directory import check_paths
from jupyter_sdt.launch.remote.estimate import estimate_cost, typical_seconds
from jupyter_sdt.launch.remote.plan import plan_remote
from jupyter_sdt.launch.remote.service import region_of, require_boto3
from jupyter_sdt.launch.source.bundle import SourceBundle
from jupyter_sdt.launch.source.left_out import EXPECTED
from jupyter_sdt.launch.source.listing import left_out_notes, source_notes
from jupyter_sdt.launch.source.requirements_file import read_requirements
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import NO_REQUIREMENTS, JobSpec
from jupyter_sdt.store.files import write_atomically
from jupyter_sdt.store.job_directory import JobDirectory, job_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A spec with what goes into its directory: source, variables (pickles by name), secrets.

    ``files`` are made for the job and lie beside the source. ``secrets`` go into the environment of
    the supervisor and are never written.
    """

    spec: JobSpec
    source: SourceBundle
    variables: Mapping[str, bytes] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        """Whether a job of this name exists already."""
        return job_directory(self.spec.job_name).path.exists()


def plan_submission(submission: Submission) -> LaunchPlan:
    """Return what :func:`submit` would start, and what it may cost; nothing is written.

    Raises SpecError (also for an empty channel or an output path that cannot be written),
    LaunchError or DistributionError for what cannot be started.
    """
    plan = _checked_plan(submission)
    if find_instance(submission.spec.instance_type).local:
        return replace(plan, notes=(*plan.notes, *left_out_notes(submission.source)))
    plan = replace(plan, notes=(*plan.notes, *source_notes(submission.source)))
    estimate = estimate_cost(submission.spec, region_of(submission.spec))
    return replace(
        plan, estimate=replace(estimate, typical_seconds=typical_seconds(submission.spec))
    )


def _checked_plan(submission: Submission) -> LaunchPlan:
    check_runnable(submission.spec)
    if not find_instance(submission.spec.instance_type).local:
        _check_requirements(submission)
        return plan_remote(submission.spec)
    check_paths(submission.spec)
    _check_requirements(submission)
    return local.plan(submission.spec, job_directory(submission.spec.job_name))


def submit(submission: Submission) -> JobDirectory:
    """Create the job's directory and start it; returns at once.

    What can be refused is refused before anything is written, and after a failure nothing is left.
    Raises SpecError (also for a name that is taken), DistributionError or LaunchError.
    """
    if not find_instance(submission.spec.instance_type).local:
        require_boto3()
    _checked_plan(submission)
    if any(why not in EXPECTED for why in submission.source.left_out.values()):
        warnings.warn(next(left_out_notes(submission.source)), stacklevel=2)
    directory = job_directory(submission.spec.job_name)
    try:
        directory.create()
    except OSError as error:
        raise LaunchError(
            f"cannot create {directory.path}: {error.strerror}; set SDT_JOBS_DIR to a folder "
            "that can be written"
        ) from error
    try:
        _fill(directory, submission)
        local.start(directory, os.environ | dict(submission.secrets))
    except BaseException as error:
        # A Ctrl-C may come when the supervisor is there already: then the job is alive.
        if not directory.supervised():
            shutil.rmtree(directory.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise LaunchError(f"cannot write {directory.path}: {error}") from error
        raise
    return directory


def _check_requirements(submission: Submission) -> None:
    """Raise LaunchError for a requirements file that no job can install."""
    if submission.spec.requirements == NO_REQUIREMENTS:
        return
    asked = submission.spec.requirements or submission.source.files.get("requirements.txt")
    if asked:
        read_requirements(Path(asked))


def _fill(directory: JobDirectory, submission: Submission) -> None:
    submission.source.write(directory)
    for name, content in submission.files.items():
        write_atomically(directory.source / name, content, durable=False)
    for name, content in submission.variables.items():
        path = directory.variables_in / f"{name}.pickle"
        write_atomically(path, content, durable=False)
    directory.write_spec(submission.spec)
