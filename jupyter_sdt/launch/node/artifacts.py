"""Packing what a job left, as SageMaker does: ``<output_path>/<job>/output/model.tar.gz``."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.source.locations import absolute_path, copy_file, list_files
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

# Archive, and the folder of each node whose content goes into it.
_PACKED = ".tar.gz"
_ARCHIVES = {"model.tar.gz": "model", "output.tar.gz": "output/data"}
# Weights hardly shrink, and level 9 would take ten times as long as level 1 to find that out.
_LEVEL = 1


def collect_artifacts(spec: JobSpec, directory: JobDirectory) -> tuple[str, ...]:
    """Pack ``model/`` and ``output/data/`` of all nodes into one archive each.

    Nothing happens without ``output_path``. An archive appears whole or not at all; what belongs
    to S3 waits in ``artifacts/``. Returns notes:
    of equal names on several nodes the last node's file is packed, as on SageMaker, and what is no
    file is left out. Raises LaunchError when the archive cannot be written.
    """
    if not spec.output_path:
        return ()
    root = _root(spec, directory)
    notes: list[str] = []
    for name, folder in _ARCHIVES.items():
        target = root / name
        try:
            root.mkdir(parents=True, exist_ok=True)
            merged = _merge(spec, directory, folder, notes)
            if spec.sagemaker.get("disable_output_compression"):
                _copy(merged, root / name.removesuffix(_PACKED))
            else:
                _pack(merged, target)
        except (OSError, tarfile.TarError) as error:
            raise LaunchError(f"output_path: cannot write {target}: {error}") from error
    return tuple(notes)


def _root(spec: JobSpec, directory: JobDirectory) -> Path:
    """Where the archives go: what belongs to S3 is sent there afterwards."""
    if spec.output_path.startswith("s3://"):
        return make_private_folder(directory.artifacts)
    return absolute_path(spec.output_path, argument="output_path") / spec.job_name / "output"


def _copy(members: dict[str, Path], target: Path) -> None:
    """Loose files, as ``disable_output_compression`` asks for."""
    for name, path in members.items():
        copy_file(path, target / name)


def _merge(
    spec: JobSpec, directory: JobDirectory, folder: str, notes: list[str]
) -> dict[str, Path]:
    """Return the files of all nodes by their names in the archive."""
    merged: dict[str, tuple[str, Path]] = {}
    for node in spec.nodes:
        listing = list_files(directory.node(node) / folder)
        names = {name for name, _ in listing.files}
        for lost in _displaced(list(merged), names):
            other, _ = merged.pop(lost)
            notes += [f"{folder}/{lost} of {other} was not packed: {node} has one too"]
        merged |= {name: (node, path) for name, path in listing.files}
        notes += [f"{path} was not packed: it is no file" for path in listing.others]
    return {name: path for name, (_, path) in sorted(merged.items())}


def _displaced(present: list[str], coming: set[str]) -> list[str]:
    """Names that cannot be unpacked beside ``coming``: equal ones, and a file where a folder is."""
    folders = {folder for name in coming for folder in _folders_of(name)}
    taken = coming | folders
    return [name for name in present if name in taken or coming & _folders_of(name)]


def _folders_of(name: str) -> set[str]:
    return {str(parent) for parent in PurePosixPath(name).parents}


def _pack(members: dict[str, Path], target: Path) -> None:
    with _appearing_whole(target) as temporary:
        with tarfile.open(
            temporary, "w:gz", compresslevel=_LEVEL, dereference=True, format=tarfile.PAX_FORMAT
        ) as archive:
            for name, path in members.items():
                archive.add(path, name, filter=_anonymous)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())


@contextmanager
def _appearing_whole(target: Path) -> Iterator[Path]:
    # Not mkstemp: what the user asked for at a place of theirs gets their usual access rights.
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
