"""The /opt/ml tree of one local node."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.local_channels import check_channels, fill_channels
from jupyter_sdt.launch.node.config import input_data_config, resource_config
from jupyter_sdt.launch.node.hyperparameters import encoded_hyperparameters
from jupyter_sdt.launch.source.locations import absolute_path, check_writable
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.files import make_private_folder, write_json
from jupyter_sdt.store.job_directory import JobDirectory

_FOLDERS = ("input/config", "input/data", "model", "output/data", "output/intermediate")
# FailureReason in the SageMaker API.
_REASON_LENGTH = 1024


def check_paths(spec: JobSpec) -> None:
    """Check every path a local job reads or writes, before anything starts.

    What lies in S3 is seen when it is brought here. Raises SpecError naming the channel or
    argument.
    """
    check_channels(spec)
    places = {"checkpoint_s3_uri": spec.checkpoint_uri, "output_path": spec.output_path}
    for argument, place in places.items():
        if place and not place.startswith("s3://"):
            check_writable(place, argument=argument)


def prepare_node(spec: JobSpec, directory: JobDirectory, node: str) -> None:
    """Make the tree of ``node``: configuration, code, checkpoints and channels.

    ``checkpoints`` is a link to the folder named by ``checkpoint_uri``: what a run saves is there
    for the next at once, and all nodes share it as they share one S3 prefix on SageMaker.
    Raises LaunchError.
    """
    root = directory.node(node)
    for name in _FOLDERS:
        make_private_folder(root / name)
    # Relative, so that a job directory can be moved as a whole.
    (root / "code").symlink_to(os.path.relpath(directory.source, root))
    _prepare_checkpoints(spec, root / "checkpoints")
    _write_config(spec, node, root)
    fill_channels(spec, directory, node)


def write_failure(directory: JobDirectory, node: str, text: str) -> None:
    """Write ``output/failure`` unless the script has written one, whose text then counts."""
    path = _failure_file(directory, node)
    make_private_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def read_failure(directory: JobDirectory, node: str) -> str:
    """Return what counts of ``output/failure``: its first 1024 characters; empty without one."""
    try:
        with _failure_file(directory, node).open(encoding="utf-8", errors="replace") as file:
            return file.read(_REASON_LENGTH)
    except OSError:
        return ""


def _failure_file(directory: JobDirectory, node: str) -> Path:
    return directory.node(node) / "output" / "failure"


def _prepare_checkpoints(spec: JobSpec, link: Path) -> None:
    if not spec.checkpoint_uri:
        make_private_folder(link)
        return
    folder = absolute_path(spec.checkpoint_uri, argument="checkpoint_s3_uri")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(f"checkpoint_s3_uri: cannot create {folder}: {error}") from error
    link.symlink_to(folder)


def _write_config(spec: JobSpec, node: str, root: Path) -> None:
    files = {
        "hyperparameters": encoded_hyperparameters(spec),
        "resourceconfig": resource_config(spec, node),
        "inputdataconfig": input_data_config(spec),
    }
    if spec.checkpoint_uri:
        files["checkpointconfig"] = {"LocalPath": str(root / "checkpoints")}
    for name, content in files.items():
        write_json(root / "input" / "config" / f"{name}.json", content, durable=False)
