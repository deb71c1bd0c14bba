"""``sourcedir.tar.gz``: the user's source and, where the image can run it, our runtime beside it.

Inside an image lies, in ``/opt/ml/code``: the user's files as in ``source/``, the package
``jupyter_sdt`` reduced to its runtime, and for jobs that go through the runtime ``sdt_entry.py``
with its folder ``sdt_job`` (what to run, variables of ``--in``).
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.job_spec import NO_REQUIREMENTS, JobSpec
from jupyter_sdt.spec.variables import AUTOLOG
from jupyter_sdt.store.job_directory import JobDirectory

PROGRAM = "sdt_entry.py"
JOB_FOLDER = "sdt_job"
_OLDEST_PYTHON = (3, 11)
_TRAVELS = ("__init__.py", "errors.py", "py.typed", "runtime", "spec")
_PROGRAM_TEXT = """\
from pathlib import Path

from jupyter_sdt.runtime.image_entry import main

if __name__ == "__main__":
    main(Path(__file__).parent / "sdt_job")
"""


def program(spec: JobSpec) -> str:
    """The file that the image starts: the script itself, or our entry that runs the script.

    Empty where there is no script, and the image itself is what runs.

    Cells, and scripts with ``SDT_AUTOLOG=1`` in their environment, go through our runtime, so that
    autolog and ``--in`` work; other scripts start exactly as SageMaker's SDK starts them. Raises
    SpecError for variables that no runtime in the image could read.
    """
    asked = bool(spec.variables_in) or spec.environment.get(AUTOLOG) == "1"
    if asked and not runtime_fits(spec, unknown=True):
        raise SpecError(
            f"py_version={spec.sagemaker.get('py_version')!r}: --in and autolog need Python 3.11 "
            "or newer in the image (PyTorch 2.3 or newer)",
            argument="py_version",
        )
    wrapped = asked or (spec.cell is not None and runtime_fits(spec, unknown=False))
    return PROGRAM if wrapped and spec.entry_point.endswith(".py") else spec.entry_point


def runtime_fits(spec: JobSpec, *, unknown: bool = True) -> bool:
    """Whether the image's Python can import our runtime; ``unknown`` where nobody can tell."""
    match = re.fullmatch(r"py(\d)(\d+)", str(spec.sagemaker.get("py_version", "")))
    if match is None:
        return unknown and not str(spec.sagemaker.get("py_version", "")).startswith("py")
    return (int(match[1]), int(match[2])) >= _OLDEST_PYTHON


def write_archive(spec: JobSpec, directory: JobDirectory, path: Path) -> None:
    """Pack everything into ``path``. What the user has under one of our names wins."""
    files = dict(_source_files(directory))
    if spec.requirements == NO_REQUIREMENTS:
        files.pop("requirements.txt", None)
    elif spec.requirements:
        files["requirements.txt"] = Path(spec.requirements)
    mine = {} if "jupyter_sdt" in {name.split("/")[0] for name in files} else _own_files(spec)
    with tarfile.open(path, "w:gz") as archive:
        for name, file in sorted(files.items()):
            archive.add(file.resolve(), name, recursive=False, filter=_anonymous)
        for name, content in sorted(mine.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
        if program(spec) == PROGRAM:
            _add_variables(archive, spec, directory)


def _source_files(directory: JobDirectory) -> Iterator[tuple[str, Path]]:
    for path in sorted(directory.source.rglob("*")):
        if path.is_file():
            yield path.relative_to(directory.source).as_posix(), path


def _own_files(spec: JobSpec) -> dict[str, bytes]:
    if not runtime_fits(spec):
        return {}
    package = Path(str(resources.files("jupyter_sdt")))
    found = {}
    for name in _TRAVELS:
        for path in [package / name, *sorted((package / name).rglob("*"))]:
            if path.is_file() and "__pycache__" not in path.parts:
                found[f"jupyter_sdt/{path.relative_to(package).as_posix()}"] = path.read_bytes()
    return found | _entry_files(spec)


def _entry_files(spec: JobSpec) -> dict[str, bytes]:
    if program(spec) != PROGRAM:
        return {}
    told = {
        "entry_point": spec.entry_point,
        "variables_in": list(spec.variables_in),
        "cell": asdict(spec.cell) if spec.cell else None,
    }
    return {PROGRAM: _PROGRAM_TEXT.encode(), f"{JOB_FOLDER}/job.json": json.dumps(told).encode()}


def _add_variables(archive: tarfile.TarFile, spec: JobSpec, directory: JobDirectory) -> None:
    for name in spec.variables_in:
        path = directory.variables_in / f"{name}.pickle"
        archive.add(path, f"{JOB_FOLDER}/variables/in/{path.name}", filter=_anonymous)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing of this machine's users, and files that the image's user can read."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode |= 0o644
    return entry
