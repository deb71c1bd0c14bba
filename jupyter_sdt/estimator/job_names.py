"""Names of jobs: ``<base>-YYYY-MM-DD-HH-MM-SS-mmm``, as SageMaker's SDK makes them."""

from __future__ import annotations

import re
import time

from jupyter_sdt.errors import SpecError

_LONGEST = 63  # TrainingJobName in the SageMaker API
_ALLOWED = re.compile(r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]*[a-zA-Z0-9_])?")


def make_job_name(base: str, seconds: float) -> str:
    """Return ``base`` with the time (UTC, to the millisecond), cut to 63 characters."""
    milliseconds = int(seconds * 1000)
    moment = time.strftime("%Y-%m-%d-%H-%M-%S", time.gmtime(milliseconds // 1000))
    stamp = f"{moment}-{milliseconds % 1000:03d}"
    return f"{_clean(base)[: _LONGEST - len(stamp) - 1].rstrip('-')}-{stamp}"


def check_base_job_name(name: str) -> str:
    """Return a ``base_job_name`` that can begin a job's name. Raises SpecError."""
    if not _ALLOWED.fullmatch(name):
        raise SpecError(
            f"base_job_name={name!r} must be letters, digits and inner hyphens; {_clean(name)!r} "
            "would do",
            argument="base_job_name",
        )
    return name


def _clean(base: str) -> str:
    """What SageMaker allows: letters, digits, inner hyphens. Underscores become hyphens."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", base).strip("-") or "job"
