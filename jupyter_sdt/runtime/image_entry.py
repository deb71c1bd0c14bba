"""The first program of a rank inside a SageMaker image: our runtime around the user's script.

It lies with the script in one folder, with ``sdt_job/job.json`` saying what to run. There is no job
directory there: metrics are printed, one record a line, and read back from the job's log.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from jupyter_sdt.runtime import tracebacks
from jupyter_sdt.runtime.autolog import install_autolog
from jupyter_sdt.runtime.metrics import STANDARD_OUTPUT
from jupyter_sdt.runtime.process_environment import process_environment
from jupyter_sdt.runtime.rank_files import RankFiles, rank_files
from jupyter_sdt.runtime.script import run_python
from jupyter_sdt.runtime.variables import load_variables


class ImageFiles(RankFiles):
    """The files that travelled with the script; metrics go to standard output."""

    @property
    def metrics(self) -> Path:
        """Where records are written."""
        return STANDARD_OUTPUT


def main(folder: Path) -> None:
    """Run the script that ``folder`` tells of, the ``sdt_job`` that travelled with it.

    An exception ends this process with code 1, its frames told by the cell.
    """
    place = process_environment()
    files = ImageFiles(folder, place.rank)
    spec = files.read_spec()
    path = folder.parent / str(spec["entry_point"])
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    if rank_files() is None:  # else, in a rehearsal, a launcher's runtime is around us already
        install_autolog(files, place)
    entry = tracebacks.Entry(str(path), tracebacks.cell_label(spec))
    parent = os.getpid()
    try:
        names = load_variables(files, spec.get("variables_in", ()))
        run_python(path, [str(path), *sys.argv[1:]], names)
    except Exception as error:  # noqa: BLE001 - whatever the script raises is told as its own
        tracebacks.report_exception(error, entry)
        sys.stderr.flush()
        _tell_the_service(error, entry)
        if os.getpid() == parent:
            sys.exit(1)
        os._exit(1)


def _tell_the_service(error: Exception, entry: tracebacks.Entry) -> None:
    """Write ``output/failure``, which becomes the job's FailureReason, unless the script has."""
    folder, line = os.environ.get("SM_OUTPUT_DIR"), entry.line_of(error)
    where = "" if line is None else f" ({entry.label or Path(entry.path).name}, line {line})"
    if folder is not None:
        with contextlib.suppress(OSError), Path(folder, "failure").open("x") as file:
            file.write(f"{type(error).__name__}: {error}{where}")
