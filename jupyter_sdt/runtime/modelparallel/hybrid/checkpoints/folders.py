"""A checkpoint's folder: written beside its place, then moved there in one step."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from torch.distributed.checkpoint.filesystem import FileSystemWriter

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.checkpoints.files import sync_folder


def folder_of(checkpoint_id: object) -> Path:
    """The folder that ``checkpoint_id`` names. Raises SpecError when it names none."""
    if isinstance(checkpoint_id, (str, os.PathLike)) and str(checkpoint_id):
        return Path(checkpoint_id).absolute()
    raise SpecError(
        f"checkpoint_id={checkpoint_id!r} must be the path of a folder, unless a storage_writer or "
        "storage_reader is given",
        argument="checkpoint_id",
    )


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


class PublishingWriter(FileSystemWriter):
    """Writes into a hidden folder, which takes its place when all ranks have written.

    Whoever reads sees the old checkpoint or the new one. All ranks must see the same folder.
    """

    def __init__(self, folder: Path) -> None:
        self._final, self._staging = folder, _beside(folder, "incomplete")
        super().__init__(self._staging)

    def set_up_storage_writer(self, is_coordinator: bool, *args: Any, **kwargs: Any) -> None:
        """Begin with an empty folder: what lies there is of a job that ended while it saved."""
        if is_coordinator:
            shutil.rmtree(self._staging, ignore_errors=True)
        super().set_up_storage_writer(is_coordinator, *args, **kwargs)

    def finish(self, *args: Any, **kwargs: Any) -> None:
        """Write what the coordinator knows, and publish."""
        super().finish(*args, **kwargs)
        sync_folder(self._staging)
        replaced = _beside(self._final, "replaced")
        shutil.rmtree(replaced, ignore_errors=True)
        if self._final.exists():
            self._final.rename(replaced)
        self._staging.rename(self._final)
        sync_folder(self._final.parent)
        shutil.rmtree(replaced, ignore_errors=True)


def readable(folder: Path) -> Path:
    """``folder``, or what a job had put aside when it ended before the new one was in place.

    Raises FileNotFoundError when there is no complete checkpoint.
    """
    for place in (folder, _beside(folder, "replaced")):
        if (place / ".metadata").is_file():
            return place
    raise FileNotFoundError(f"there is no complete checkpoint in {str(folder)!r}")
