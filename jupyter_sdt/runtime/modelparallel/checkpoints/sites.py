"""Which ranks look after a folder that all ranks name, but that nodes may not share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel import world
from jupyter_sdt.runtime.modelparallel.messages import CommGroup, allgather, barrier

_TOKEN = ".of-rank-0"  # noqa: S105 - the name of a file


def prepare(folder: Path, clean: Callable[[], object]) -> bool:
    """Make ``folder`` on each node, new after ``clean``; return whether this rank looks after it.

    Rank 0 does, and the first rank of every node that does not see rank 0's file in it. All ranks
    call it.
    """
    here = world.current()
    if here.rank == 0:
        clean()
        folder.mkdir(parents=True)
        (folder / _TOKEN).touch()
    barrier()
    own = here.rank == 0 or (here.local_rank == 0 and not (folder / _TOKEN).exists())
    if own and here.rank:
        clean()
        folder.mkdir(parents=True)
    barrier()
    if here.rank == 0:
        (folder / _TOKEN).unlink()
    return own


def together(action: Callable[[], Any], doing: str) -> Any:
    """Return what ``action`` returns, if it succeeds on all ranks; all of them call it.

    Raises the error of this rank, or else RuntimeStateError naming the others'.
    """
    result, error = None, None
    try:
        result = action()
    except Exception as raised:  # noqa: BLE001 - told to the others, and raised below
        error = raised
    errors = allgather(None if error is None else repr(error))
    if error is not None:
        raise error
    told = [f"rank {rank}: {text}" for rank, text in enumerate(errors) if text is not None]
    if told:
        raise RuntimeStateError(f"{doing} failed on {'; '.join(told)}")
    return result


def read_or_receive(
    path: Path,
    group: CommGroup,
    read: Callable[[Path], Any],
    *,
    needed: bool = True,
    part: int = 0,
) -> Any:
    """Read ``path``; where it does not exist, get what another rank of ``group`` has read.

    All ranks of ``group`` call it; those with one ``part`` have one file. When nobody has it,
    raises FileNotFoundError on all if it is ``needed``, else returns None.
    """
    found = path.exists()
    told = allgather((found, part), group)
    first = {p: rank for rank, (there, p) in reversed(list(enumerate(told))) if there}
    if set(first) != {p for _, p in told}:
        if not needed:
            return None
        raise FileNotFoundError(f"no rank finds {str(path)!r}, or another part of it")
    content = read(path) if found else None
    if all(there for there, _ in told):
        return content
    mine = world.current().group(group.value).rank
    sent = allgather(content if mine == first[part] else None, group)
    return content if found else sent[first[part]]
