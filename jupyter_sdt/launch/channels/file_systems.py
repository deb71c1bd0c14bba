"""FSx and EFS channels of local jobs: read where the file system is mounted on this machine.

``SDT_FILE_SYSTEMS=fs-0123=/mnt/efs:fs-4567=/fsx`` says where. The folder stands for the root of an
EFS file system; for FSx for Lustre it is what the mount name, the first part of ``DirectoryPath``,
stands for. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_FileSystemDataSource.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.spec.job_spec import Channel
from jupyter_sdt.spec.variables import FILE_SYSTEMS

_SOURCE = "FileSystemDataSource"


def on_file_system(channel: Channel) -> bool:
    """Whether a channel is a file system of AWS."""
    return _SOURCE in channel.sagemaker


def mounted_folder(channel: Channel, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a channel's ``DirectoryPath`` lies on this machine.

    Raises LaunchError when nobody said where the file system is mounted, SpecError when that is no
    folder, or lacks the directory.
    """
    source: Mapping[str, Any] = channel.sagemaker[_SOURCE]
    name, path = str(source["FileSystemId"]), str(source["DirectoryPath"])
    mounted = _mounts(environment).get(name)
    if mounted is None:
        raise LaunchError(
            f"inputs[{channel.name!r}]: {name} is a file system of AWS; say where it is mounted on "
            f"this machine by {FILE_SYSTEMS}={name}=/FOLDER, or give a path instead of it"
        )
    parts = Path(path).parts[1:]
    below = parts[1:] if source["FileSystemType"] == "FSxLustre" else parts
    folder = Path(mounted, *below)
    if not folder.is_dir():
        raise SpecError(
            f"inputs[{channel.name!r}]: {folder} ({path} of {name}) is not a folder",
            argument="inputs",
        )
    return folder


def _mounts(environment: Mapping[str, str]) -> dict[str, str]:
    pairs = (
        pair.partition("=")
        for pair in environment.get(FILE_SYSTEMS, "").split(os.pathsep)
        if pair.strip()
    )
    return {name.strip(): folder for name, _, folder in pairs}
