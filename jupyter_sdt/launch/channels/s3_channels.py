"""What a local job needs of S3 before it starts: channels, checkpoints, a bucket for its output.

``python -m jupyter_sdt.launch.channels.s3_channels JOB`` does the work. ``File`` channels are
brought here and then are channels like any other; ``FastFile`` channels are mounted where
that can be done, else brought here; ``Pipe`` channels are only looked at, their feeders stream
them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_sdt.errors import LaunchError, SdtError
from jupyter_sdt.launch.channels.fast_file import mount, unmount
from jupyter_sdt.launch.channels.pipe_units import Sources, kind_of, named
from jupyter_sdt.launch.channels.s3_checkpoints import CheckpointSync
from jupyter_sdt.launch.channels.s3_objects import fetch_channel
from jupyter_sdt.launch.remote.service import Service, find_region, require_boto3
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.launch.remote.service_errors import kind_of as kind_of_error
from jupyter_sdt.launch.remote.training_request import split_s3
from jupyter_sdt.launch.supervision.side_process import run_aside, tell
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory


def on_s3(channel: Channel) -> bool:
    """Whether a channel's data lies in S3."""
    return channel.uri.startswith("s3://")


def needs_s3(spec: JobSpec) -> bool:
    """Whether a local job reads from S3 or writes to it."""
    places = (spec.output_path, spec.checkpoint_uri)
    return any(map(on_s3, spec.channels)) or any(p.startswith("s3://") for p in places)


def check_s3_places(spec: JobSpec) -> None:
    """Raise LaunchError where boto3 or a region is missing."""
    if needs_s3(spec):
        require_boto3()
        find_region()


def brought_here(spec: JobSpec, directory: JobDirectory) -> tuple[JobSpec, tuple[str, ...]]:
    """Bring what has to be here; returns the job with paths instead of what was brought, and notes.

    Raises LaunchError with the reason, or when the job is stopped meanwhile.
    """
    if not needs_s3(spec):
        return spec, ()
    stopped, notes, mounted = directory.stop_file.exists, [], []
    for channel in spec.channels:
        if on_s3(channel) and channel.input_mode == "FastFile":
            if reason := mount(directory, channel, stopped):
                how = "is copied whole, not read on demand"
                notes.append(f"channel {channel.name!r} {how}: {reason}")
            else:
                mounted.append(channel.name)
    run_aside("channels.s3_channels", str(directory.path), *mounted, stopped=stopped)
    channels = tuple(
        _as_folder(channel, directory)
        if on_s3(channel) and channel.input_mode != "Pipe"
        else channel
        for channel in spec.channels
    )
    checkpoints = spec.checkpoint_uri
    if checkpoints.startswith("s3://"):
        checkpoints = str(directory.checkpoints)
    return replace(spec, channels=channels, checkpoint_uri=checkpoints), tuple(notes)


def take_away(spec: JobSpec, directory: JobDirectory) -> None:
    """Unmount what was mounted for a job."""
    for channel in spec.channels:
        if on_s3(channel) and channel.input_mode == "FastFile":
            unmount(directory, channel.name)


def _as_folder(channel: Channel, directory: JobDirectory) -> Channel:
    """A channel whose objects lie here now, whatever listed them in S3."""
    others = {name: v for name, v in channel.sagemaker.items() if name != "s3_data_type"}
    return replace(channel, uri=str(directory.fetched(channel.name)), sagemaker=others)


def _bring(channel: Channel, directory: JobDirectory, service: Service) -> None:
    try:
        if channel.input_mode == "Pipe":
            sources = Sources()
            found = bool(sources.units(channel))
        else:
            folder = make_private_folder(directory.fetched(channel.name))
            found = bool(fetch_channel(service.s3, channel.uri, kind_of(channel), folder))
    except SdtError:
        raise
    except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named here
        raise explain(error, resource=named(channel)) from None
    if not found:
        raise LaunchError(f"inputs[{channel.name!r}]: {channel.uri} holds no objects")


def _restore(spec: JobSpec, directory: JobDirectory, service: Service) -> None:
    if not spec.checkpoint_uri.startswith("s3://"):
        return
    try:
        CheckpointSync(service.s3, directory, spec.checkpoint_uri).restore()
    except SdtError:
        raise
    except Exception as error:  # noqa: BLE001
        raise explain(error, resource=f"checkpoint_s3_uri {spec.checkpoint_uri}") from None


def _check_output(spec: JobSpec, service: Service) -> None:
    """A bucket that is not there is better known now than after the training."""
    if not spec.output_path.startswith("s3://"):
        return
    bucket = split_s3(spec.output_path)[0]
    try:
        service.bucket_region(bucket)
    except Exception as error:  # noqa: BLE001
        if kind_of_error(error) == "denied":
            return  # whoever may not look may still be allowed to write
        raise explain(error, resource=f"output_path {spec.output_path}") from None


def _everything(directory: JobDirectory, mounted: Sequence[str]) -> None:
    spec = directory.read_spec()
    service = Service(find_region())
    _check_output(spec, service)
    _restore(spec, directory, service)
    for channel in filter(on_s3, spec.channels):
        if channel.name not in mounted:
            _bring(channel, directory, service)


if __name__ == "__main__":
    sys.exit(tell(lambda: _everything(JobDirectory(Path(sys.argv[1])), sys.argv[2:])))
