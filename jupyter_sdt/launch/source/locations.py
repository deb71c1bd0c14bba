"""Where the user's files lie, and copying them so that nobody can alter the originals."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.store.files import make_private_folder

# Called with the name relative to the root, folders ending in "/"; true leaves the entry out.
Skip = Callable[[str, "os.DirEntry[str]"], bool]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below a folder as (name relative to it, path), sorted by name as S3 sorts keys.

    ``others`` are what an object store could not hold: sockets, pipes, devices, broken links.
    """

    files: tuple[tuple[str, Path], ...]
    others: tuple[Path, ...] = ()


def local_path(uri: str, *, argument: str) -> Path:
    """Return the path behind a path or ``file://`` URI; ``~`` stands for the home folder.

    Raises LaunchError for ``s3://``, SpecError for any other scheme or a foreign host.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return Path(uri).expanduser()
    if scheme == "s3":
        raise LaunchError(
            f"{argument}: {uri} lies in S3, where this cannot be read from; give a path or file:// "
            "instead"
        )
    path = unquote(rest.removeprefix("localhost"))
    if scheme != "file" or not path.startswith("/"):
        raise SpecError(f"{argument}: {uri!r} must be a path or file:///path", argument=argument)
    return Path(path)


def absolute_path(uri: str, *, argument: str) -> Path:
    """Like :func:`local_path`; a relative path is a SpecError.

    The supervisor's working directory is not the notebook's.
    """
    path = local_path(uri, argument=argument)
    if not path.is_absolute():
        raise SpecError(
            f"{argument}: {uri!r} must be absolute, such as {str(path.absolute())!r}",
            argument=argument,
        )
    return path


def check_writable(uri: str, *, argument: str) -> None:
    """Check that a folder exists or could be created. Raises SpecError or LaunchError."""
    path = absolute_path(uri, argument=argument)
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    if not nearest.is_dir():
        raise SpecError(f"{argument}: {nearest} is not a folder", argument=argument)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SpecError(f"{argument}: {nearest} is not writable for you", argument=argument)


def list_files(root: Path, skip: Skip | None = None) -> Listing:
    """List ``root`` recursively. Links are followed, a loop of links once around.

    Raises OSError when a folder cannot be read.
    """
    files, others = [], []
    for name, entry in _entries(root, "", frozenset(), skip):
        if entry.is_file():
            files.append((name, Path(entry.path)))
        else:
            others.append(Path(entry.path))
    files.sort(key=lambda item: os.fsencode(item[0]))
    return Listing(tuple(files), tuple(sorted(others)))


def has_files(path: Path) -> bool:
    """Whether ``path`` is a file or there is one below it; does not look further than that."""
    return path.is_file() or any(e.is_file() for _, e in _entries(path, "", frozenset(), None))


def copy_file(source: Path, target: Path) -> None:
    """Copy one file to a new private file (0600, or 0700 when it can be executed).

    On file systems that can share blocks (XFS, btrfs) the copy takes no time and no space until
    one side changes. Raises OSError; FileExistsError when ``target`` exists.
    """
    if not target.parent.is_dir():
        make_private_folder(target.parent)
    mode = 0o600 | (source.stat().st_mode & 0o100)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with source.open("rb", buffering=0) as reader, os.fdopen(handle, "wb", 0) as writer:
        if not _share_blocks(reader.fileno(), writer.fileno()):
            shutil.copyfileobj(reader, writer, 1 << 20)


def _entries(
    folder: Path, prefix: str, above: frozenset[tuple[int, int]], skip: Skip | None
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name + ("/" if entry.is_dir() else "")
            if skip is not None and skip(name, entry):
                continue
            if entry.is_dir():
                yield from _entries(Path(entry.path), name, above | {identity}, skip)
            else:
                yield name, entry


def _share_blocks(reader: int, writer: int) -> bool:
    """Let the kernel copy from one descriptor to the other; false when it cannot at all."""
    copied = 0
    try:
        while done := os.copy_file_range(reader, writer, 1 << 30):
            copied += done
    except (OSError, AttributeError):
        if copied:
            raise
        return False
    # Files that the kernel makes up on reading (/proc) say 0 at once.
    return copied > 0
