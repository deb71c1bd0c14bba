"""What this machine has to train with, and what is missing and what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.launchers.mpirun import find_mpirun
from jupyter_sdt.launch.node.devices import count_gpus
from jupyter_sdt.scaling.limits import available_cores
from jupyter_sdt.spec.job_spec import JobSpec

# The variables through which AWS's own places (containers, EKS, environments) hand credentials in.
_CREDENTIAL_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_ON_SAGEMAKER = {"instance_type": ["ml.*"]}


class Missing(TypedDict):
    """Something that is not here, what to do, and which choices of the form need it.

    ``affects`` holds values by property; a value that ends with ``*`` stands for all that begin so.
    """

    what: str
    why: str
    affects: dict[str, list[str]]


class Machine(TypedDict):
    """Cores and GPUs that jobs may use, and what is missing."""

    cpus: int
    gpus: int
    missing: list[Missing]


def look_at_machine() -> Machine:
    """Return what jobs started from this server can use; may ask nvidia-smi for a second."""
    gpus = _count_gpus()
    missing = [*_missing_mpirun(), *_missing_gpu(gpus), *_missing_for_sagemaker()]
    return Machine(cpus=available_cores(), gpus=gpus, missing=missing)


def _count_gpus() -> int:
    return count_gpus(
        JobSpec(
            job_name="none",
            entry_point="",
            python=sys.executable,
            created_seconds=0,
            instance_type="local_gpu",
        )
    )


def _missing_mpirun() -> Iterator[Missing]:
    try:
        find_mpirun(sys.executable)
    except LaunchError as error:
        affects = {"launcher": ["mpirun"], "distribution": ["mpi"]}
        yield Missing(what="mpirun", why=str(error), affects=affects)


def _missing_gpu(gpus: int) -> Iterator[Missing]:
    if not gpus:
        why = "nvidia-smi lists none: torch.cuda will answer on the CPU"
        yield Missing(what="GPU", why=why, affects={"instance_type": ["local_gpu"]})


def _missing_for_sagemaker() -> Iterator[Missing]:
    if find_spec("boto3") is None:
        why = "ml.* instances need it: pip install 'jupyter-sdt[sagemaker]'"
        yield Missing(what="boto3", why=why, affects=_ON_SAGEMAKER)
    if not _has_credentials():
        why = (
            "neither the environment nor ~/.aws has any; say `aws configure`, or set AWS_PROFILE. "
            "On an EC2 instance its role may do"
        )
        yield Missing(what="AWS credentials", why=why, affects=_ON_SAGEMAKER)


def _has_credentials() -> bool:
    """Whether there are any; asking AWS whether they are valid takes a network, and seconds."""
    if any(os.environ.get(name) for name in _CREDENTIAL_VARIABLES):
        return True
    files = {"AWS_SHARED_CREDENTIALS_FILE": "credentials", "AWS_CONFIG_FILE": "config"}
    home = Path.home() / ".aws"
    return any(
        Path(os.environ.get(variable, home / name)).expanduser().is_file()
        for variable, name in files.items()
    )
