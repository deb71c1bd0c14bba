"""The file system behind FastFile channels: read-only, its bytes fetched in blocks when needed.

Needs mfusepy and libfuse: https://github.com/mxmlnkn/mfusepy. An object that changes while it is
mounted gives EIO, never bytes of two versions.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.s3_objects import ListedObject
from jupyter_sdt.launch.channels.s3_streams import read_range

BLOCK_BYTES = 4 << 20
# Blocks kept for all files together, and how many are fetched at once.
_KEPT_BLOCKS = 32
_AT_ONCE = 8
_Block = tuple[str, int]


class Tree:
    """Names of files and folders, from the names of objects. Raises LaunchError for a clash."""

    def __init__(self, entries: Iterable[ListedObject]) -> None:
        self.files: dict[str, ListedObject] = {}
        self.folders: dict[str, set[str]] = {"/": set()}
        for entry in entries:
            self._add(entry)
        both = self.files.keys() & self.folders.keys()
        if both:
            raise LaunchError(f"{min(both)[1:]!r} is an object and a folder of others")

    def _add(self, entry: ListedObject) -> None:
        path = PurePosixPath("/", entry.name)
        if str(path) != f"/{entry.name}" or ".." in path.parts:
            raise LaunchError(f"{entry.uri} cannot be the name of a file")
        self.files[str(path)] = entry
        for child in (path, *path.parents[:-1]):
            self.folders.setdefault(str(child.parent), set()).add(child.name)


class Blocks:
    """Blocks of objects, fetched once, the ones used last kept; the next one is fetched ahead."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._kept: OrderedDict[_Block, Future[bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, entry: ListedObject, offset: int, size: int) -> bytes:
        """Return ``size`` bytes from ``offset``, fewer at the end. Raises LaunchError."""
        end = min(offset + size, entry.size)
        if offset >= end:
            return b""
        first, last = offset // BLOCK_BYTES, (end - 1) // BLOCK_BYTES
        wanted = [self._fetch(entry, number) for number in range(first, last + 1)]
        if (last + 1) * BLOCK_BYTES < entry.size and offset == first * BLOCK_BYTES:
            self._fetch(entry, last + 1)  # whoever begins a block goes on to the next
        content = b"".join(block.result() for block in wanted)
        start = offset - first * BLOCK_BYTES
        return content[start : start + end - offset]

    def _fetch(self, entry: ListedObject, number: int) -> Future[bytes]:
        with self._lock:
            key = (entry.uri, number)
            block = self._kept.pop(key, None)
            if block is None or (block.done() and block.exception()):
                start = number * BLOCK_BYTES
                end = min(start + BLOCK_BYTES, entry.size)
                block = self._pool.submit(read_range, self._client, entry, start, end)
            self._kept[key] = block
            while len(self._kept) > _KEPT_BLOCKS:
                self._kept.popitem(last=False)
            return block


class ObjectFolder:
    """What the kernel asks for; arguments and answers are those of mfusepy."""

    use_ns = True

    def __init__(self, client: Any, tree: Tree) -> None:
        self._tree, self._blocks = tree, Blocks(client)
        self._owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:  # noqa: ARG002
        """Attributes of a file or folder."""
        if entry := self._tree.files.get(path):
            mode = stat.S_IFREG | 0o400
            times = dict.fromkeys(("st_mtime", "st_ctime", "st_atime"), entry.changed_ns)
            return {"st_mode": mode, "st_nlink": 1, "st_size": entry.size, **times, **self._owner}
        if path in self._tree.folders:
            return {"st_mode": stat.S_IFDIR | 0o500, "st_nlink": 2, **self._owner}
        raise OSError(errno.ENOENT, path)

    def readdir(self, path: str, fh: int) -> list[str]:  # noqa: ARG002
        """Names in a folder."""
        return [".", "..", *sorted(self._tree.folders[path])]

    def open(self, path: str, flags: int) -> int:
        """Open for reading."""
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, path)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002
        """Bytes of a file; EIO when they cannot be had."""
        try:
            return self._blocks.read(self._tree.files[path], offset, size)
        except LaunchError as error:
            sys.stdout.write(f"FastFile: {error}\n")
            sys.stdout.flush()
            raise OSError(errno.EIO, path) from None


def serve(client: Any, entries: Iterable[ListedObject], folder: Path) -> None:
    """Mount ``entries`` at ``folder`` and answer until SIGTERM or until it is unmounted.

    Raises LaunchError for names that no folder can hold; ImportError or OSError without mfusepy or
    libfuse, and RuntimeError when mounting fails.
    """
    import mfusepy  # noqa: PLC0415 - an extra, which looks for libfuse when it is imported

    operations = ObjectFolder(client, Tree(entries))
    mfusepy.FUSE(
        operations,
        str(folder),
        foreground=True,
        ro=True,
        fsname="jupyter-sdt",
        kernel_cache=True,
    )
