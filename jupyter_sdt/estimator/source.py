"""The script a job runs: a cell, a file, or a file in ``source_dir``; checked before the start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.launch.remote.service import require_boto3
from jupyter_sdt.launch.source.bundle import SourceBundle, find_source
from jupyter_sdt.launch.source.fetched_source import GitBundle, S3Bundle
from jupyter_sdt.launch.source.git_source import find_git, read_git_config
from jupyter_sdt.spec.job_spec import NO_REQUIREMENTS, Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSource:
    """A notebook cell as entry point: its text, line for line, and which cell it was."""

    source: str
    cell: Cell = field(default_factory=Cell)


def read_source(
    arguments: Mapping[str, Any],
    cell: CellSource | None,
    *,
    local: bool,
    image_alone: bool = False,
) -> SourceBundle:
    """Find the script and all that goes with it. Raises SpecError when something is not there.

    ``local`` says that this machine runs it, ``image_alone`` that an image may be all there is,
    which knows itself what to do.
    """
    entry_point = str(arguments.get("entry_point", ""))
    source_dir = str(arguments.get("source_dir", ""))
    if entry_point and cell is not None:
        raise _wrong(f"entry_point={entry_point!r} and a cell cannot both be the script")
    if "://" in entry_point:
        raise _wrong(f"entry_point={entry_point!r} must be a file, not a URI")
    if not entry_point and cell is None and image_alone:
        return SourceBundle(entry_point="")
    if "git_config" in arguments or (entry_point and source_dir.startswith("s3://")):
        return _source_elsewhere(arguments, entry_point, source_dir, local=local)
    found = _source_here(arguments, cell)
    if not local and found.is_module and "setup.py" not in found.files:
        raise _wrong(
            f"entry_point={entry_point!r} is a module, which SageMaker's images run of a package "
            "only: add a setup.py to source_dir, or name the file"
        )
    return found


def _source_here(arguments: Mapping[str, Any], cell: CellSource | None) -> SourceBundle:
    return find_source(
        cell_source=cell.source if cell else None,
        cell=cell.cell if cell else None,
        entry_point=str(arguments.get("entry_point", "")),
        source_dir=str(arguments.get("source_dir", "")),
        dependencies=arguments.get("dependencies", ()),
    )


def _source_elsewhere(
    arguments: Mapping[str, Any], entry_point: str, source_dir: str, *, local: bool
) -> SourceBundle:
    """Whoever fetches it, now or later, will see whether the script is there."""
    if not entry_point:
        raise _wrong("entry_point is missing: name the script in the repository")
    if "git_config" in arguments:
        find_git()
        return GitBundle(
            entry_point=entry_point if source_dir else Path(entry_point).name,
            script=entry_point,
            git=read_git_config(arguments["git_config"]),
            source_dir=source_dir,
            dependencies=tuple(arguments.get("dependencies", ())),
        )
    if local:
        require_boto3()
        return S3Bundle(entry_point=entry_point, uri=source_dir)
    return SourceBundle(entry_point=entry_point)


def base_name(arguments: Mapping[str, Any], source: SourceBundle) -> str:
    """What the names of jobs begin with."""
    default = "cell" if source.cell_source is not None else Path(source.entry_point).stem
    if not default:  # as SageMaker's SDK names it: after the image
        image = str(arguments["image_uri"]).rpartition("/")[2]
        default = re.sub(r"[^a-zA-Z0-9]+", "-", re.split("[:@]", image)[0]).strip("-")
    return str(arguments.get("base_job_name", default))


def absolute_source_dir(arguments: Mapping[str, Any]) -> str:
    """``source_dir`` independent of where we stand; an empty string without one.

    In a git repository it is relative to its root.
    """
    given = str(arguments.get("source_dir", ""))
    if "git_config" in arguments:
        return given
    return given if not given or "://" in given else str(Path(given).expanduser().absolute())


def entry_point_file(source: SourceBundle) -> str:
    """The absolute path of the user's script; an empty string for a cell and for git."""
    path = source.files.get(source.entry_point)
    return str(path.absolute()) if path and source.cell_source is None else ""


def requirements_path(arguments: Mapping[str, Any]) -> str:
    """The absolute path of ``requirements``, "none", or an empty string. Raises SpecError."""
    given = arguments.get("requirements")
    if not given or given == NO_REQUIREMENTS:
        return given or ""
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        folder = path.parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        reason = "is a folder" if path.is_dir() else "does not exist"
        raise SpecError(
            f"requirements={given!r} {reason}{did_you_mean(path.name, names)}",
            argument="requirements",
        )
    return str(path)


def _wrong(reason: str) -> SpecError:
    return SpecError(reason, argument="entry_point")
