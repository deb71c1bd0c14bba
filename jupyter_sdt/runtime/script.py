"""Running the entry point as ``python entry_point.py`` would."""

from __future__ import annotations

import builtins
import errno
import importlib.machinery
import io
import os
import signal
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn


def run_python(
    path: Path, argv: Sequence[str], names: Mapping[str, Any], package: str | None = None
) -> dict[str, Any]:
    """Execute ``path`` as ``__main__`` with ``names`` among its globals; return the globals.

    ``package`` is that of a module, for its relative imports.

    ``__main__`` stays in ``sys.modules`` afterwards, because threads, exit handlers and pickles of
    the script's classes look there. ``__spec__`` is None as for a script, so that multiprocessing
    finds the file by its path. Whatever the script raises passes through.
    """
    module = types.ModuleType("__main__")
    filename = str(path)
    module.__dict__.update(
        __file__=filename,
        __cached__=None,
        __package__=package,
        __builtins__=builtins,
        __loader__=importlib.machinery.SourceFileLoader("__main__", filename),
    )
    module.__dict__.update(names)
    sys.modules["__main__"] = module
    sys.argv = list(argv)
    with io.open_code(filename) as file:
        source = file.read()
    exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module.__dict__


def module_file(name: str) -> Path | None:
    """The file of an entry point that names a module of the working directory, as pkg.train does.

    None for whatever is a file itself.
    """
    words = name.split(".")
    path = Path(*words).with_suffix(".py").absolute()
    named = len(words) > 1 and all(word.isidentifier() for word in words)
    return path if named and not Path(name).is_file() and path.is_file() else None


def exec_program(path: Path, argv: Sequence[str]) -> NoReturn:
    """Become the program ``path``, given as an argument list and never as a shell line.

    A script without ``#!`` is given to /bin/sh, as a shell does. Raises OSError.
    """
    path.chmod(path.stat().st_mode | 0o100)
    # `python` in a shell script is the job's, also where its environment was never activated.
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
    # The watchdog's request for stacks must not end a program that knows nothing of it.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        os.execv(path, list(argv))  # noqa: S606
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    os.execv("/bin/sh", ["/bin/sh", str(path), *argv[1:]])  # noqa: S606
