"""What each node gets of each channel, below ``input/data``.

``File`` copies, so that a script can never alter the originals; ``FastFile`` links; ``Pipe`` is
fed by ``pipe_channel``. As in an object store only files count: empty folders do not arrive.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from jupyter_sdt.errors import LaunchError, SpecError, did_you_mean
from jupyter_sdt.launch.channels.file_systems import mounted_folder, on_file_system
from jupyter_sdt.launch.channels.s3_objects import manifest_entries
from jupyter_sdt.launch.source.locations import absolute_path, copy_file, has_files, list_files
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

# ChannelName in the SageMaker API; "." and ".." match it and are refused by themselves.
_NAME = re.compile(r"[A-Za-z0-9.\-_]{1,64}")
_CHOICES = {
    "input_mode": ("File", "FastFile", "Pipe"),
    "distribution": ("FullyReplicated", "ShardedByS3Key"),
    "compression": ("", "None", "Gzip"),
    "record_wrapping": ("", "None", "RecordIO"),
}

Objects = tuple[tuple[str, Path], ...]
_T = TypeVar("_T")


def check_channels(spec: JobSpec) -> None:
    """Check names, settings and paths of all channels; to be called before anything starts.

    Raises SpecError naming the channel.
    """
    for channel in spec.channels:
        _check_name(channel.name)
        _check_settings(channel)
        _check_manifest(channel)
        if not channel.uri.startswith("s3://"):  # seen when it is brought here
            _check_path(channel)
    _check_distinct(spec.channels)


def fill_channels(spec: JobSpec, directory: JobDirectory, node: str) -> None:
    """Bring every channel's data to ``node``: copies, links, or the FIFO of the first epoch.

    Raises LaunchError naming the channel and the file.
    """
    folder = make_private_folder(directory.node(node) / "input" / "data")
    for channel in spec.channels:
        try:
            _fill(spec, directory, node, channel, folder)
        except OSError as error:
            raise LaunchError(f"channel {channel.name!r}: {error}") from error


def channel_objects(channel: Channel) -> Objects:
    """Return all files of a channel as (key relative to the channel, path), in order of keys.

    A manifest stands for what it lists. Raises LaunchError for an entry that no object store could
    hold (a socket, a broken link).
    """
    path = _path(channel)
    if channel.sagemaker.get("s3_data_type") == "ManifestFile":
        return tuple(_listed(channel, path))
    if path.is_file():
        return ((path.name, path),)
    listing = list_files(path)
    if listing.others:
        raise LaunchError(
            f"channel {channel.name!r}: {listing.others[0]} is neither a file nor a folder"
        )
    return listing.files


def node_share(
    spec: JobSpec, channel: Channel, node: str, objects: Sequence[_T], epoch: int | None = None
) -> tuple[_T, ...]:
    """Return what ``node`` gets of ``objects``; with an ``epoch``, in that Pipe epoch's order.

    ``ShardedByS3Key`` deals objects out one by one, so shares differ by one object at most.
    ``shuffle_seed`` reorders anew for each epoch, equally on all nodes, before dealing out.
    """
    ordered = list(objects)
    if channel.shuffle_seed is not None and epoch is not None:
        # Text, since integers that add up alike (seed 1 epoch 2, seed 2 epoch 1) must differ.
        random.Random(f"{channel.shuffle_seed} {epoch}").shuffle(ordered)  # noqa: S311
    if channel.distribution == "ShardedByS3Key":
        ordered = ordered[spec.nodes.index(node) :: spec.instance_count]
    return tuple(ordered)


def pipe_path(folder: Path, channel: Channel, epoch: int) -> Path:
    """Return the FIFO's path of one epoch, counted from 0."""
    return folder / f"{channel.name}_{epoch}"


def _fill(
    spec: JobSpec, directory: JobDirectory, node: str, channel: Channel, folder: Path
) -> None:
    target = folder / channel.name
    if channel.input_mode == "Pipe":
        os.mkfifo(pipe_path(folder, channel, 0), 0o600)
        return
    whole = channel.distribution == "FullyReplicated" and _path(channel).is_dir()
    if (channel.input_mode == "FastFile" and whole) or on_file_system(channel):
        target.symlink_to(_path(channel))
        return
    make_private_folder(target)
    for key, path in node_share(spec, channel, node, channel_objects(channel)):
        _refuse_when_stopped(directory, channel)
        _bring(channel, path, target / key)


def _bring(channel: Channel, path: Path, target: Path) -> None:
    if channel.input_mode == "File":
        copy_file(path, target)
    else:
        make_private_folder(target.parent)
        target.symlink_to(path)


def _refuse_when_stopped(directory: JobDirectory, channel: Channel) -> None:
    if directory.stop_file.exists():
        raise LaunchError(f"stopped while channel {channel.name!r} was being copied")


def _listed(channel: Channel, path: Path) -> Objects:
    """What a manifest on this machine lists, which must lie on this machine, too."""
    who = f"channel {channel.name!r}"
    listed = manifest_entries(path.read_bytes(), f"{who}: {path}")
    return tuple((name, absolute_path(place, argument=who)) for name, place in listed)


def _path(channel: Channel) -> Path:
    if on_file_system(channel):
        return mounted_folder(channel)
    return absolute_path(channel.uri, argument=f"channel {channel.name!r}")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise SpecError(
            f"channel {name!r}: a name has 1 to 64 letters, digits, '.', '-' and '_'",
            argument="inputs",
        )


def _check_settings(channel: Channel) -> None:
    for name, known in _CHOICES.items():
        given = getattr(channel, name)
        if given not in known:
            raise SpecError(
                f"channel {channel.name!r}: {name}={given!r} is none of "
                f"{', '.join(filter(None, known))}{did_you_mean(str(given), known)}",
                argument=name,
            )


def _check_manifest(channel: Channel) -> None:
    """What S3 offers only in one mode, as on SageMaker."""
    kind, mode = channel.sagemaker.get("s3_data_type", "S3Prefix"), channel.input_mode
    if kind == "AugmentedManifestFile" and mode != "Pipe":
        raise SpecError(
            f"channel {channel.name!r} is an AugmentedManifestFile in mode {mode}; it needs 'Pipe'",
            argument="input_mode",
        )
    if kind == "AugmentedManifestFile" and not channel.sagemaker.get("attribute_names"):
        raise SpecError(
            f"channel {channel.name!r} is an AugmentedManifestFile: name what to stream of each "
            "line with attribute_names",
            argument="attribute_names",
        )
    if kind == "ManifestFile" and mode == "FastFile":
        raise SpecError(
            f"channel {channel.name!r} is a ManifestFile, FastFile reads S3Prefix only; use 'File'",
            argument="input_mode",
        )


def _check_path(channel: Channel) -> None:
    path, who = _path(channel), f"channel {channel.name!r}"
    if not path.exists():
        raise SpecError(f"{who}: {path} does not exist{_near(path)}", argument="inputs")
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise SpecError(f"{who}: {path} is not readable for you", argument="inputs")
    if not has_files(path):
        raise SpecError(f"{who}: {path} holds no files", argument="inputs")


def _near(path: Path) -> str:
    if not os.access(path.parent, os.R_OK):
        return ""
    return did_you_mean(path.name, [other.name for other in path.parent.iterdir()])


def _check_distinct(channels: tuple[Channel, ...]) -> None:
    names = [channel.name for channel in channels]
    pipes = [re.escape(channel.name) for channel in channels if channel.input_mode == "Pipe"]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise SpecError(f"channel {name!r} is given twice", argument="inputs")
        if any(re.fullmatch(pipe + r"_\d+", name) for pipe in pipes):
            raise SpecError(
                f"channel {name!r} has the name of another Pipe channel's epoch; rename one",
                argument="inputs",
            )
