"""FastFile channels of local jobs: objects of S3 as files that are read when somebody reads them.

``python -m jupyter_sdt.launch.channels.fast_file JOB CHANNEL`` mounts one channel below
``s3/`` and serves it until it is told to end. That needs ``/dev/fuse``, libfuse and the extra
``fastfile`` (mfusepy); where one is missing the channel is brought here whole instead,
and a note says so. ``SDT_FAST_FILE`` decides otherwise: ``copy`` never mounts, ``mount`` never
copies.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError, SdtError, did_you_mean
from jupyter_sdt.launch.channels.fast_file_system import serve
from jupyter_sdt.launch.channels.s3_objects import ListedObject, list_prefix
from jupyter_sdt.launch.remote.service import Service, find_region
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.spec.job_spec import Channel
from jupyter_sdt.spec.variables import FAST_FILE
from jupyter_sdt.store.files import append_privately, make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

# Exit code of a server that could not mount: nothing is wrong with the data then.
_UNMOUNTABLE = 3
_LOOK_SECONDS = 0.02
_WISHES = ("", "copy", "mount")
_PR_SET_PDEATHSIG = 1  # prctl(2)


def mount(directory: JobDirectory, channel: Channel, stopped: Callable[[], bool]) -> str:
    """Mount a channel and return an empty string, or the reason why it has to be copied instead.

    Raises LaunchError for what is wrong with the data, where it must not be copied, or when the job
    is stopped meanwhile.
    """
    wish = _wish()
    if wish == "copy":
        return f"{FAST_FILE}=copy"
    reason = _mount(directory, channel, stopped)
    if reason and wish == "mount":
        raise LaunchError(
            f"inputs[{channel.name!r}] cannot be mounted: {reason}; {FAST_FILE}=mount forbids to "
            "copy it"
        )
    return reason


def _wish() -> str:
    given = os.environ.get(FAST_FILE, "")
    if given not in _WISHES:
        hint = did_you_mean(given, _WISHES[1:])
        raise LaunchError(f"{FAST_FILE}={given!r} must be copy, mount or empty{hint}")
    return given


def _mount(directory: JobDirectory, channel: Channel, stopped: Callable[[], bool]) -> str:
    folder = make_private_folder(directory.fetched(channel.name))
    command = [sys.executable, "-P", "-m", "jupyter_sdt.launch.channels.fast_file"]
    with append_privately(directory.supervisor_log) as log:
        server = subprocess.Popen(
            [*command, str(directory.path), channel.name],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
        )
    while not folder.is_mount():
        if server.poll() is not None:
            return _why_not(server)
        if stopped():
            server.terminate()
            raise LaunchError(f"stopped while channel {channel.name!r} was being mounted")
        time.sleep(_LOOK_SECONDS)
    # Reaped with the ranks; what it says from now on nobody reads.
    server.returncode = 0
    return ""


def unmount(directory: JobDirectory, channel: str) -> None:
    """Take a channel's mount away, also when its server is dead and somebody is still inside."""
    folder = directory.fetched(channel)
    for command in (["umount", "-l"], ["fusermount3", "-u", "-z"]):
        if not _in_mount_table(folder):
            return
        if shutil.which(command[0]):
            subprocess.run([*command, str(folder)], check=False, capture_output=True)


def _why_not(server: subprocess.Popen[str]) -> str:
    assert server.stderr is not None
    told = server.stderr.read().strip().rpartition("\n")[2]
    server.stderr.close()
    if server.returncode != _UNMOUNTABLE:
        raise LaunchError(told or f"mounting ended with exit code {server.returncode}")
    return told


def _in_mount_table(folder: Path) -> bool:
    """Whether anything is mounted there, asked without touching what may be dead."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return False
    wanted = os.path.realpath(folder.parent) + f"/{folder.name}"
    return any(line.split()[4].replace("\\040", " ") == wanted for line in lines)


class _UnmountableError(Exception):
    """Nothing is wrong with the data, but it cannot be mounted here."""


def main(job: str, name: str) -> int:
    """Mount and serve; what goes wrong is told on stderr."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # The starter reads what is told until the mount is there; all else goes to the log.
    told = os.fdopen(os.dup(2), "w")
    os.dup2(1, 2)
    try:
        _serve(JobDirectory(Path(job)), name)
    except _UnmountableError as error:
        told.write(f"{error}\n")
        return _UNMOUNTABLE
    except SdtError as error:
        told.write(f"{error}\n")
        return 1
    return 0


def _serve(directory: JobDirectory, name: str) -> None:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise _UnmountableError("/dev/fuse cannot be opened")
    channel = next(c for c in directory.read_spec().channels if c.name == name)
    client = Service(find_region()).s3
    entries = _entries(client, channel)
    try:
        serve(client, entries, directory.fetched(name))
    except (ImportError, OSError, RuntimeError) as error:
        raise _UnmountableError(str(error)) from None


def _entries(client: Any, channel: Channel) -> list[ListedObject]:
    try:
        entries = list(list_prefix(client, channel.uri))
    except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named here
        raise explain(error, resource=f"inputs[{channel.name!r}] at {channel.uri}") from None
    if not entries:
        raise LaunchError(f"inputs[{channel.name!r}]: {channel.uri} holds no objects")
    return entries


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
