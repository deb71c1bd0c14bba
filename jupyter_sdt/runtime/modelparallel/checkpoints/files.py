"""Files of checkpoints: written beside their place, then moved there in one step."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel import world

NEWEST = "newest"
_PARTIAL = "_partial"


def save(
    obj: Any,
    f: str,
    partial: bool = True,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    v3: bool = False,
) -> None:
    """Write ``obj`` as torch.save does, with ``partial`` to this rank's own file.

    Its name is ``f`` with ``_{pp_rank}_{tp_rank}``, with ``v3`` the rdp_rank as well. A reader sees
    the old file or the new one. Raises SpecError for an ``f`` that is no text.
    """
    path = Path(check_path(f, "f") + (f"_{rank_name(replica=v3)}" if partial else ""))
    write(
        path,
        lambda stream: torch.save(
            obj, stream, pickle_module=pickle_module, pickle_protocol=pickle_protocol
        ),
    )


def load(
    f: str,
    map_location: Any = None,
    pickle_module: Any = pickle,
    partial: bool = True,
    back_compat: bool = False,
    **pickle_load_args: Any,
) -> Any:
    """Read what :func:`save` wrote. The file may hold any object, so it must come from a friend.

    With ``partial`` this rank's own file, also under the name of versions before 1.6,
    ``_{mp_rank}``, which ``back_compat`` looks for first. Raises FileNotFoundError naming them.
    """
    names = [check_path(f, "f")]
    if partial:
        old = [f"{f}_{world.current().group('mp').rank}"]
        new = [f"{f}_{rank_name()}", f"{f}_{rank_name(replica=True)}"]
        if world.current().parameters.shard_optimizer_state:
            new.reverse()
        names = [*old, *new] if back_compat else [*new, *old]
    for name in names:
        if Path(name).is_file():
            return torch.load(
                name,
                map_location=map_location,
                pickle_module=pickle_module,
                weights_only=False,
                **pickle_load_args,
            )
    raise FileNotFoundError(f"smp.load: there is no file {' or '.join(map(repr, names))}")


def check_path(path: object, argument: str) -> str:
    """Return ``path``. Raises SpecError when it is no text."""
    if isinstance(path, str):
        return path
    right = "" if not isinstance(path, os.PathLike) else f": give str({argument})"
    raise SpecError(f"{argument}={path!r} must be a str{right}", argument=argument)


def rank_name(*, replica: bool = False) -> str:
    """``{pp_rank}_{tp_rank}``, and the rdp_rank where replicas have files of their own."""
    groups = world.current().groups
    names = [groups["pp"], groups["tp"], *([groups["rdp"]] if replica else [])]
    return "_".join(str(group.rank) for group in names)


def part_number() -> int:
    """Which part of a sharded model this rank has; 0 where replicas have all of it."""
    here = world.current()
    sharded = here.parameters.sharded
    return here.group("rdp").rank % here.parameters.sharded_data_parallel_degree if sharded else 0


def is_copy() -> bool:
    """Whether ranks before this one have the same part of the model."""
    return world.current().group("rdp").rank != part_number()


def part_name(*, first: bool = False) -> str:
    """The rank's part of the model in names of files, or the ``first`` rank's.

    That is :func:`rank_name`, but the number alone where a whole model is sharded, as published
    scripts have it.
    """
    groups = world.current().groups
    places = [0, 0, 0] if first else [groups["pp"].rank, groups["tp"].rank, part_number()]
    if not world.current().parameters.sharded:
        return "_".join(map(str, places[:2]))
    return "_".join(map(str, places)) if groups["tp"].size > 1 else str(places[2])


def write(path: Path, content: Callable[[Any], object]) -> None:
    """Let ``content`` write a file that replaces ``path`` when it is complete and on the disk.

    Raises OSError when it cannot be written, the old file intact.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            content(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:  # noqa: BLE001 - raised again
        temporary.unlink(missing_ok=True)
        raise _cause(error) from None


def _cause(error: BaseException) -> BaseException:
    """The full disk that torch hides in an error of its own, or ``error`` itself."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, OSError):
        reason = reason.__context__
    return reason or error


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def partial_folder(path: Path, tag: str) -> Path:
    """Where a partial checkpoint lies."""
    return path / f"{tag}{_PARTIAL}"


def staging_folder(path: Path, tag: str) -> Path:
    """Where it is written first."""
    return path / f".{tag}{_PARTIAL}.incomplete"


def _replaced_folder(path: Path, tag: str) -> Path:
    return path / f".{tag}{_PARTIAL}.replaced"


def publish(path: Path, tag: str) -> None:
    """Put the staged folder in its place, an older one of this tag out of it; then say so."""
    final, old = partial_folder(path, tag), _replaced_folder(path, tag)
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    staging_folder(path, tag).rename(final)
    sync_folder(path)
    write(path / NEWEST, lambda stream: stream.write(tag.encode()))
    shutil.rmtree(old, ignore_errors=True)


def recover(path: Path) -> None:
    """Clear up after a job that ended while it saved: a folder it was about to replace comes back.

    Several nodes that share ``path`` may do so at once.
    """
    for old in path.glob(f".*{_PARTIAL}.replaced"):
        final = path / old.name[1:].removesuffix(".replaced")
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                old.rename(final)
    for unfinished in path.glob(f".*{_PARTIAL}.incomplete"):
        shutil.rmtree(unfinished, ignore_errors=True)


def prune(path: Path, kept: int) -> None:
    """Remove all but the ``kept`` newest partial checkpoints."""
    folders = [folder for folder in path.glob(f"*{_PARTIAL}") if folder.is_dir()]
    for folder in sorted(folders, key=lambda f: f.stat().st_mtime_ns)[:-kept]:
        shutil.rmtree(folder, ignore_errors=True)


def newest_tag(path: Path, *, partial: bool) -> str | None:
    """The tag that was saved last; None when there is none."""
    if partial:
        file = path / NEWEST
        return file.read_text().strip() if file.is_file() else None
    prefix = "user_content_"
    files = [file for file in path.glob(f"{prefix}*") if (path / file.name[len(prefix) :]).exists()]
    last = max(files, key=lambda file: file.stat().st_mtime_ns, default=None)
    return None if last is None else last.name[len(prefix) :]
