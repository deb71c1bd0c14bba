"""``s3://`` channels of local jobs: brought here once, then channels like any other.

``python -m jupyter_sdt.launch.s3_channels JOB`` does the work in a process of its own. boto3 starts
threads, and the supervisor forks ranks and feeders, which it may only do while it has none.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from jupyter_sdt.errors import LaunchError, SdtError
from jupyter_sdt.launch.s3_objects import fetch_channel
from jupyter_sdt.launch.sagemaker import Service, find_region, require_boto3
from jupyter_sdt.launch.service_errors import explain
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

_LOOK_SECONDS = 0.1


def on_s3(channel: Channel) -> bool:
    """Whether a channel's data lies in S3."""
    return channel.uri.startswith("s3://")


def check_s3_channels(spec: JobSpec) -> None:
    """Raise LaunchError for a channel that cannot be brought here."""
    for channel in filter(on_s3, spec.channels):
        require_boto3()
        find_region()
        if channel.sagemaker.get("s3_data_type") == "AugmentedManifestFile":
            raise LaunchError(
                f"inputs[{channel.name!r}]: an AugmentedManifestFile is read by SageMaker only; "
                "local jobs read S3Prefix and ManifestFile"
            )


def fetched_channels(spec: JobSpec, directory: JobDirectory) -> JobSpec:
    """Bring the objects of all ``s3://`` channels here; returns the job with paths instead.

    Raises LaunchError with the reason, or when the job is stopped meanwhile.
    """
    if not any(map(on_s3, spec.channels)):
        return spec
    _run(directory)
    moved = (
        replace(channel, uri=str(_folder(directory, channel))) if on_s3(channel) else channel
        for channel in spec.channels
    )
    return replace(spec, channels=tuple(moved))


def _run(directory: JobDirectory) -> None:
    command = [sys.executable, "-P", "-m", "jupyter_sdt.launch.s3_channels", str(directory.path)]
    with subprocess.Popen(
        command, cwd="/", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            if directory.stop_file.exists():
                process.terminate()
                raise LaunchError("stopped while channels were being copied from S3")
            try:
                process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        if process.returncode:
            assert process.stderr is not None
            raise LaunchError(process.stderr.read().strip() or "copying channels from S3 failed")


def _folder(directory: JobDirectory, channel: Channel) -> Path:
    return directory.path / "s3" / channel.name


def _fetch(channel: Channel, directory: JobDirectory, service: Service) -> None:
    folder = make_private_folder(_folder(directory, channel))
    kind = str(channel.sagemaker.get("s3_data_type", "S3Prefix"))
    try:
        fetched = fetch_channel(service.s3, channel.uri, kind, folder)
    except SdtError:
        raise
    except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named here
        raise explain(error, resource=f"inputs[{channel.name!r}] at {channel.uri}") from None
    if not fetched:
        raise LaunchError(f"inputs[{channel.name!r}]: {channel.uri} holds no objects")


def main(path: str) -> int:
    """Bring the channels of the job in ``path``; what goes wrong is told on stderr."""
    directory = JobDirectory(Path(path))
    try:
        service = Service(find_region())
        for channel in filter(on_s3, directory.read_spec().channels):
            _fetch(channel, directory, service)
    except SdtError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
