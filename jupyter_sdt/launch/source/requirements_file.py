"""Reading a requirements file far enough to know whether an earlier installation still fits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.source.locations import list_files

# https://pip.pypa.io/en/stable/reference/requirements-file-format/
_COMMENT = re.compile(r"(^|\s)#.*")
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(?P<name>.+)")
_EDITABLE = re.compile(r"(?:-e|--editable)\b")
# `name @ place`, extras in brackets and markers after a semicolon stand around a path.
_PLACE = re.compile(r"(?:.*\s@\s+)?(?P<place>[^;\[]+)")


def read_requirements(file: Path) -> list[tuple[Path, str]]:
    """Return every line as (the file it stands in, text), files included with ``-r`` too.

    Raises LaunchError for a file that is not there, and for ``-e``: an editable installation
    refers to a folder of this job, which the next one would not find.
    """
    return list(_lines(file.resolve(), frozenset()))


def fingerprint(lines: list[tuple[Path, str]], folder: Path) -> str:
    """Return a digest of the lines and of every local file or folder they name.

    ``folder`` is what relative paths of packages are relative to: pip's working directory.
    """
    digest = hashlib.sha256()
    for _, line in lines:
        digest.update(line.encode() + b"\n")
        for path in _local_files(line, folder):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _lines(file: Path, above: frozenset[Path]) -> Iterator[tuple[Path, str]]:
    for raw in _text(file).replace("\\\n", "").splitlines():
        line = _COMMENT.sub("", raw).strip()
        if _EDITABLE.match(line):
            raise LaunchError(
                f"requirements: {line!r} in {file.name} cannot be installed for a job; "
                "without -e it can"
            )
        if line:
            yield file, line
        included = _INCLUDE.match(line)
        if included and "://" not in line and file not in above:
            yield from _lines((file.parent / included["name"]).resolve(), above | {file})


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LaunchError(f"requirements: cannot read {file}: {error}") from error


def _local_files(line: str, folder: Path) -> list[Path]:
    place = _PLACE.match(line)
    if line.startswith("-") or place is None:
        return []
    name = place["place"].strip()
    path = folder / (unquote(urlsplit(name).path) if name.startswith("file:") else name)
    if path.is_dir():
        return [found for _, found in list_files(path).files]
    return [path] if path.is_file() else []
