"""A job once more: started again as it was, or written as a cell to be changed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from jupyter_sdt.cells.flag_line import write_line
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.attaching import arguments_of
from jupyter_sdt.estimator.job_names import make_job_name
from jupyter_sdt.estimator.keywords import DEFAULTS
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.remote.adoption import unsent
from jupyter_sdt.launch.source.bundle import SourceBundle
from jupyter_sdt.launch.source.locations import list_files
from jupyter_sdt.launch.submission import Submission, submit
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.store.job_directory import JobDirectory, job_directory

# What make_job_name appends, and our own -2, -3, ...
_TIME = re.compile(r"-\d{4}(-\d\d){5}-\d{3}$")
_NUMBER = re.compile(r"-(\d{1,3})$")
_HEAD = re.compile(r"\s*# %%sdt_train\n")
_LONGEST = 63


class CellPayload(TypedDict):
    """A job as the text of a cell, and what could not be written into it."""

    cell: str
    messages: list[str]


def run_again(directory: JobDirectory) -> JobDirectory:
    """Start a job with the same spec, source and variables under a name of its own.

    Raises SpecError when a secret it was given is not in our environment, and what a start raises.
    """
    spec = directory.read_spec()
    now = time.time()
    again = replace(
        unsent(spec), job_name=next_name(spec.job_name, now), created_seconds=now, study=None
    )
    submission = Submission(
        spec=again,
        source=SourceBundle(entry_point=spec.entry_point, files=_sources(directory, spec)),
        variables={name: _pickle(directory, name) for name in spec.variables_in},
        secrets=_secrets(spec),
    )
    return submit(submission)


def as_cell(directory: JobDirectory) -> CellPayload:
    """Return a job as a ``%%sdt_train`` cell with its flags and its source.

    Raises SdtError when the job's folder is damaged.
    """
    spec = directory.read_spec()
    framework = str(spec.sagemaker.get("framework", ""))
    arguments = arguments_of(TrainingJob(directory), framework)
    body, place = _source(directory, spec)
    environment = {**spec.environment, **{name: f"${name}" for name in spec.secret_names}}
    line = write_line(
        {
            "job_name": _given_name(spec),
            **_spread(arguments.pop("distribution")),
            **{name: value for name, value in arguments.items() if value != DEFAULTS.get(name)},
            **place,
            "environment": environment,
            "inputs": {channel.name: channel.uri for channel in spec.channels},
            "variables_in": spec.variables_in,
            "variables_out": spec.variables_out,
        }
    )
    return CellPayload(cell=f"{line}\n{body}", messages=_messages(spec))


def next_name(job_name: str, seconds: float) -> str:
    """Return a free name for a job like this one: of now, or with the next number."""
    if _TIME.search(job_name):
        return make_job_name(_TIME.sub("", job_name), seconds)
    base = _NUMBER.sub("", job_name)
    number = int(found[1]) if (found := _NUMBER.search(job_name)) else 1
    while True:
        number += 1
        tail = f"-{number}"
        name = base[: _LONGEST - len(tail)].rstrip("-") + tail
        if not job_directory(name).path.exists():
            return name


def _given_name(spec: JobSpec) -> str | None:
    """A name that was made from the time is made anew."""
    return None if _TIME.search(spec.job_name) else next_name(spec.job_name, time.time())


def _sources(directory: JobDirectory, spec: JobSpec) -> dict[str, Path]:
    """The files the job began with. Ranks work in the same folder: what they left stays there."""
    began = directory.lock_file.stat().st_mtime
    return {
        name: path
        for name, path in list_files(directory.source).files
        if name == spec.entry_point or path.stat().st_mtime <= began
    }


def _pickle(directory: JobDirectory, name: str) -> bytes:
    return (directory.variables_in / f"{name}.pickle").read_bytes()


def _secrets(spec: JobSpec) -> dict[str, str]:
    missing = [name for name in spec.secret_names if name not in os.environ]
    if missing:
        raise SpecError(
            f"environment: {missing[0]} was given to job {spec.job_name} and is kept nowhere; "
            "clone the job to a cell, which takes it from a variable of the notebook",
            argument="environment",
        )
    return {name: os.environ[name] for name in spec.secret_names}


def _spread(distribution: Distribution) -> dict[str, Any]:
    """The distribution as people write it: processes and launcher have flags of their own."""
    processes, launcher = distribution.processes_per_node, distribution.launcher
    implied = Distribution.from_arguments(None, processes_per_node=processes, launcher=launcher)
    plain = replace(distribution, processes_per_node=None, launcher=None)
    return {
        "processes_per_node": processes,
        "launcher": launcher,
        "distribution": None if implied == distribution else plain.to_sagemaker(),
    }


def _source(directory: JobDirectory, spec: JobSpec) -> tuple[str, Mapping[str, Any]]:
    """The cell's code, and keywords that say where the rest of the source lies."""
    path = directory.source / spec.entry_point
    if path.suffix != ".py" or not path.is_file():  # of jobs of others the source is in S3
        folder = spec.source_dir or str(directory.source)
        return "", {"source_dir": folder, "entry_point": spec.entry_point or None}
    text = path.read_text(errors="replace")
    body = _HEAD.sub("", text, count=1) if _HEAD.match(text) else text
    # The newline at the end of a file is no line of a cell.
    return body.removesuffix("\n"), {"source_dir": spec.source_dir or None, "entry_point": None}


def _messages(spec: JobSpec) -> list[str]:
    messages = [
        f"{name} was secret: set the variable {name} in the notebook" for name in spec.secret_names
    ]
    special = [c.name for c in spec.channels if c != Channel(name=c.name, uri=c.uri)]
    if special:
        messages.append(f"channel {special[0]} has options that a cell cannot hold")
    return messages
