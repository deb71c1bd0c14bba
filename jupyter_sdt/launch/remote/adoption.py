"""Following a SageMaker job that has no job directory here: started elsewhere, or by somebody else.

What DescribeTrainingJob says is all that is needed. The job gets a directory and a supervisor like
any other; that supervisor sends nothing but questions, unless somebody asks it to stop the job.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SdtError, SpecError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.remote.described_arguments import described_arguments
from jupyter_sdt.launch.remote.described_spec import described_spec
from jupyter_sdt.launch.remote.fresh_credentials import bring_credentials
from jupyter_sdt.launch.remote.service import Service, find_region, region_of, require_boto3
from jupyter_sdt.launch.remote.service_errors import explain, kind_of
from jupyter_sdt.launch.remote.training_request import code_uri_of
from jupyter_sdt.spec.instances import find_instance
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.spec.secret_names import looks_secret
from jupyter_sdt.store.job_directory import JobDirectory, job_directory
from jupyter_sdt.store.job_state import observe
from jupyter_sdt.store.job_store import find_job

# In JobSpec.sagemaker: this job was not submitted from here; or it was, and its supervisor died.
ADOPTED, RESUMED = "adopted", "resumed"
# In the folder of a job that is followed again: the folder as its first supervisor left it.
BEFORE = "before"


def find_anywhere(job_name: str, region: str | None = None) -> JobDirectory:
    """Return the directory of a job that is here, or of one on SageMaker, followed from here on.

    A supervisor here whose credentials have expired gets those of our environment; one that died
    gets a successor, when the job is on SageMaker. Raises SpecError
    for a name that no job can have, SdtError when there is no such job, LaunchError when AWS cannot
    be asked.
    """
    try:
        found = find_job(job_name)
    except SpecError:
        raise
    except SdtError as missing:
        if not reachable(region):
            raise
        try:
            adopted = adopt(job_name, region)
        except LaunchError as error:
            raise LaunchError(f"{missing}; SageMaker was asked, too: {error}") from error
        if adopted is None:
            raise SdtError(f"{missing}; SageMaker knows no such training job either") from None
        return adopted
    bring_credentials(found, os.environ)
    with contextlib.suppress(Exception):  # else it stays lost, and its handle tells why
        _resume(found)
    return found


def reachable(region: str | None) -> bool:
    """Whether there is any account to ask: boto3 is installed and a region is known."""
    try:
        require_boto3()
        return bool(region or find_region())
    except LaunchError:
        return False


def adopt(job_name: str, region: str | None = None) -> JobDirectory | None:
    """Return the new directory of a job that the account knows; None when it knows no such job.

    ``region`` defaults to that of the environment. Raises LaunchError when AWS cannot be asked.
    """
    service = Service(region or find_region())
    try:
        described = service.describe(job_name)
    except Exception as error:  # noqa: BLE001 - told as what it is, once its kind is known
        if kind_of(error) == "missing":
            return None
        raise explain(error, resource=f"the training job {job_name}") from None
    return _begin(adopted_spec(described, service.region))


def adopted_spec(described: Mapping[str, Any], region: str) -> JobSpec:
    """Return the job of a description. Values of secret variables are in no spec."""
    spec = described_spec(described)
    secrets = tuple(name for name in spec.environment if looks_secret(name))
    return replace(
        spec,
        source_dir=code_uri_of(described),
        environment={n: text for n, text in spec.environment.items() if n not in secrets},
        secret_names=secrets,
        sagemaker={**described_arguments(described), "region": region, ADOPTED: True},
    )


def only_followed(spec: JobSpec) -> bool:
    """Whether a job is on SageMaker already, so that nothing is to be sent."""
    return bool(spec.sagemaker.get(ADOPTED) or spec.sagemaker.get(RESUMED))


def unsent(spec: JobSpec) -> JobSpec:
    """The same job, to be sent and not only followed."""
    kept = {n: value for n, value in spec.sagemaker.items() if n not in (ADOPTED, RESUMED)}
    return replace(spec, sagemaker=kept)


def _resume(lost: JobDirectory) -> None:
    """Follow a job again whose supervisor has died, though not the job: from its beginning.

    What the first supervisor had brought here stays, in ``before``: CloudWatch may forget.
    Raises whatever speaks against it: AWS cannot be asked, or knows no such job.
    """
    spec = lost.read_spec()
    if find_instance(spec.instance_type).local or observe(lost).secondary_status != "Lost":
        return
    region = region_of(spec)
    Service(region).describe(spec.job_name)
    aside = lost.path.rename(lost.path.with_name(f".{lost.job_name}.{os.getpid()}"))
    try:
        told = {**spec.sagemaker, "region": region, RESUMED: True}
        found = _begin(replace(spec, sagemaker=told), source=aside / "source")
    except BaseException:
        aside.rename(lost.path)
        raise
    aside.rename(found.path / BEFORE)


def _begin(spec: JobSpec, *, source: Path | None = None) -> JobDirectory:
    directory = job_directory(spec.job_name)
    try:
        directory.create()
        if source is not None:
            shutil.copytree(source, directory.source, dirs_exist_ok=True)
        directory.write_spec(spec)
        local.start(directory, os.environ)
    except (OSError, SdtError) as error:
        shutil.rmtree(directory.path, ignore_errors=True)
        raise LaunchError(f"cannot follow {spec.job_name} in {directory.path}: {error}") from error
    return directory
