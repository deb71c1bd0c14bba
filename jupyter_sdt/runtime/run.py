"""``python -m jupyter_sdt.runtime.run [--environment FILE] ENTRY [ARGS...]``: one rank, whole.

Every launcher starts each rank here. The nursery calls :func:`main` in a process it forked and
then :func:`leave`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jupyter_sdt.errors import SdtError
from jupyter_sdt.runtime import tracebacks
from jupyter_sdt.runtime.allocator import keep_freed_memory
from jupyter_sdt.runtime.autolog import install_autolog
from jupyter_sdt.runtime.compat_path import offer_commands, show_compat_to_programs
from jupyter_sdt.runtime.foreign_names import restore_dropped_names
from jupyter_sdt.runtime.fresh_start import start_fresh
from jupyter_sdt.runtime.leaving import (
    end_interpreter,
    exit_code_of,
    exit_now,
    finalize_mpi,
)
from jupyter_sdt.runtime.opt_ml import show_opt_ml
from jupyter_sdt.runtime.preferred_backend import prefer_smddp
from jupyter_sdt.runtime.process_environment import ProcessEnvironment, process_environment
from jupyter_sdt.runtime.process_groups import keep_process_groups, separate_meetings
from jupyter_sdt.runtime.process_record import ProcessRecord
from jupyter_sdt.runtime.rank_files import RankFiles, rank_files
from jupyter_sdt.runtime.restarts import note_restart
from jupyter_sdt.runtime.saved_arrays import allow_saved_arrays
from jupyter_sdt.runtime.script import exec_program, module_file, run_python
from jupyter_sdt.runtime.streams import dump_stacks_on_signal, redirect_streams
from jupyter_sdt.runtime.variables import load_variables, save_variables
from jupyter_sdt.runtime.virtual_cuda import install_virtual_cuda

_USAGE = "usage: python -m jupyter_sdt.runtime.run [--environment FILE.json] ENTRY [ARGS...]\n"
# The record that leave() completes; None outside a job.
_record: ProcessRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What one rank is about to run."""

    path: Path
    argv: Sequence[str]
    place: ProcessEnvironment
    files: RankFiles | None
    spec: dict[str, Any]
    entry: tracebacks.Entry
    pid: int
    package: str | None


def main(argv: Sequence[str]) -> int:
    """Run ``argv`` = [ENTRY, ARGS...] as this rank and return its exit code.

    The working directory is the source folder and ENTRY lies in it. An entry point that is no
    ``.py`` file replaces this process.
    """
    try:
        argv = _take_environment(argv)
    except (OSError, ValueError, IndexError) as error:
        sys.stderr.write(f"{_USAGE}jupyter_sdt: {error}\n")
        return 2
    if not argv:
        sys.stderr.write(_USAGE)
        return 2
    try:
        run = _prepare(argv)
    except (OSError, SdtError) as error:
        sys.stderr.write(f"jupyter_sdt: this rank cannot start: {error}\n")
        return 2
    try:
        return _run_entry(run)
    except SystemExit as error:
        return exit_code_of(error)
    except BaseException as error:  # noqa: BLE001 - this is the last frame of the rank
        return _report(run, error)


def leave(code: int) -> NoReturn:
    """End this rank with ``code``: exit handlers and open files first, then out at once.

    The forked child of a rank that ends here, too, leaves the rank's record alone.
    """
    end_interpreter()
    if code == 0:
        finalize_mpi()
    if _record is not None:
        _record.write_end(code)
    exit_now(code)


def _take_environment(argv: Sequence[str]) -> Sequence[str]:
    """Apply ``--environment FILE.json`` (name to value) and return the rest."""
    if not argv or argv[0] != "--environment":
        return argv
    os.environ.update(json.loads(Path(argv[1]).read_bytes()))
    return argv[2:]


def _prepare(argv: Sequence[str]) -> _Run:
    global _record
    path, folder = Path(argv[0]).absolute(), Path(argv[0]).absolute().parent
    package = None
    if module := module_file(argv[0]):
        package = argv[0].rpartition(".")[0]
        path, argv = module, [str(module), *argv[1:]]
    place, files = process_environment(), rank_files()
    spec: dict[str, Any] = {}
    if files is not None:
        redirect_streams(files.log)
        _record = ProcessRecord(files=files, place=place)
        _record.write_start()
        spec = files.read_spec()
        note_restart(files, spec.get("max_restarts", 0))
        argv = show_opt_ml(argv, files.directory / "nodes" / place.node)
    keep_freed_memory()
    start_fresh(folder)
    if files is not None:
        dump_stacks_on_signal(files.stacks)
    install_virtual_cuda()
    restore_dropped_names()
    allow_saved_arrays()
    offer_commands()
    keep_process_groups()
    if spec.get("distribution", {}).get("strategy") == "smdataparallel":
        prefer_smddp()
    separate_meetings()
    if files is not None and path.suffix == ".py":
        install_autolog(files, place)
    entry = tracebacks.Entry(str(path), tracebacks.cell_label(spec))
    return _Run(
        path=path,
        argv=argv,
        place=place,
        files=files,
        spec=spec,
        entry=entry,
        pid=os.getpid(),
        package=package,
    )


def _run_entry(run: _Run) -> int:
    if run.path.suffix != ".py":
        show_compat_to_programs()
        exec_program(run.path, run.argv)
    names: dict[str, Any] = {}
    if run.files is not None:
        names = load_variables(run.files, run.spec.get("variables_in", ()))
    values = run_python(run.path, run.argv, names, run.package)
    if run.files is not None and run.place.rank == 0 and os.getpid() == run.pid:
        save_variables(run.files, run.spec.get("variables_out", ()), values)
    return 0


def _report(run: _Run, error: BaseException) -> int:
    text = tracebacks.report_exception(error, run.entry)
    if run.files is not None and os.getpid() == run.pid:
        tracebacks.write_error(run.files, run.place, error, run.entry, text)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


if __name__ == "__main__":
    # Under -m this file runs as __main__, a name the script is about to take: the state that
    # leave() needs must live in the module of the right name.
    from jupyter_sdt.runtime import run  # noqa: PLW0406

    run.leave(run.main(sys.argv[1:]))
