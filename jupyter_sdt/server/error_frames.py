"""Where the lines of a traceback are in the user's own notebook or files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory

_FILE = re.compile(r'File "(?P<path>[^"\n]+)", line (?P<line>\d+)')
_LONGEST_SOURCE = 1 << 20
_LONGEST_LINE = 400


class Frame(TypedDict):
    """A place in the user's source that ``text``, a part of the traceback, names.

    ``path`` is relative to the server's root; empty for a cell whose notebook is unknown or lies
    elsewhere. ``cell_id`` is empty where nobody knows it. ``line`` counts from 1; ``source_line``
    is what stood there when the job was started.
    """

    text: str
    path: str
    is_cell: bool
    cell_id: str
    line: int
    source_line: str


def error_frames(
    traceback: str, spec: JobSpec, directory: JobDirectory, root: Path | None
) -> list[Frame]:
    """Return the frames of a traceback that the user can be led to, each text once."""
    frames = [*_cell_frames(traceback, spec, directory, root)]
    frames += _file_frames(traceback, spec, directory, root)
    return list({frame["text"]: frame for frame in frames}.values())


def _cell_frames(
    traceback: str, spec: JobSpec, directory: JobDirectory, root: Path | None
) -> Iterator[Frame]:
    if spec.cell is None:
        return
    lines = _source_lines(directory.source / spec.entry_point)
    for match in re.finditer(re.escape(spec.cell.label) + r", line (\d+)", traceback):
        number = int(match[1])
        yield Frame(
            text=match[0],
            path=below(root, spec.cell.notebook),
            is_cell=True,
            cell_id=spec.cell.cell_id,
            line=number,
            source_line=_line(lines, number),
        )


def _file_frames(
    traceback: str, spec: JobSpec, directory: JobDirectory, root: Path | None
) -> Iterator[Frame]:
    for match in _FILE.finditer(traceback):
        copy = Path(match["path"])
        path = below(root, _original(copy, spec, directory))
        if path:
            number = int(match["line"])
            yield Frame(
                text=match[0],
                path=path,
                is_cell=False,
                cell_id="",
                line=number,
                source_line=_line(_source_lines(copy), number),
            )


def below(root: Path | None, path: str) -> str:
    """Return ``path`` relative to the server's root, as its contents API has it; else ''."""
    if root is None or not path:
        return ""
    top = root.resolve()
    full = (top / path).resolve()
    known = full.is_relative_to(top) and full.is_file()
    return full.relative_to(top).as_posix() if known else ""


def _original(copy: Path, spec: JobSpec, directory: JobDirectory) -> str:
    """The user's file that a file below ``source/`` was copied from; others are themselves."""
    source = directory.source.resolve()
    real = copy.resolve()
    if not real.is_relative_to(source):
        return str(copy)
    name = real.relative_to(source).as_posix()
    if name == spec.entry_point:
        return spec.entry_point_file
    return f"{spec.source_dir}/{name}" if spec.source_dir else ""


def _source_lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST_SOURCE).splitlines()
    except OSError:
        return []


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1][:_LONGEST_LINE] if 0 < number <= len(lines) else ""
