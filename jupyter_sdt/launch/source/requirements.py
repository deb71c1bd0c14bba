"""``pip install -r`` for one job, leaving the user's own environment as it is.

Packages go into a virtual environment under ``~/.jupyter_sdt/requirements``, kept for the next
job with the same requirements. What the user's environment has already is not installed again: a
``.pth`` file shows it to pip.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.source.requirements_file import fingerprint, read_requirements
from jupyter_sdt.spec.job_spec import NO_REQUIREMENTS, JobSpec
from jupyter_sdt.store.files import make_private_folder
from jupyter_sdt.store.job_directory import JobDirectory

POLL_SECONDS = 0.05
TERMINATE_SECONDS = 5.0
_PROBE = """
import json, site, sys
folders = site.getsitepackages() + [site.getusersitepackages()] * bool(site.ENABLE_USER_SITE)
print(json.dumps([sys.version, folders]))
"""


@dataclass(frozen=True, slots=True)
class _Installation:
    """One kept virtual environment and the job that asks for it."""

    folder: Path
    python: str
    parent_folders: tuple[str, ...]
    file: Path
    directory: JobDirectory

    @property
    def complete(self) -> Path:
        """A file that is there only when everything was installed."""
        return self.folder / "complete"

    @property
    def log(self) -> Path:
        """Where pip's output goes."""
        return self.directory.logs / "requirements.log"

    @property
    def packages(self) -> Path:
        """The environment's own site-packages."""
        return next(self.folder.glob("lib/python*/site-packages"))


def install_requirements(spec: JobSpec, directory: JobDirectory) -> tuple[str, ...]:
    """Install what the job requires and return the folders to put on PYTHONPATH.

    ``spec.requirements`` is a path relative to ``source/`` or absolute; without one,
    ``source/requirements.txt`` is installed if it is there, as on SageMaker; with "none" it is
    not. Empty when nothing is required or the user's environment has it all. Raises LaunchError
    with pip's last lines.
    """
    if spec.requirements == NO_REQUIREMENTS:
        return ()
    file = directory.source / (spec.requirements or "requirements.txt")
    if not spec.requirements and not file.exists():
        return ()
    lines = read_requirements(file)
    if not lines:
        return ()
    version, folders = _probe(spec.python)
    key = f"{fingerprint(lines, directory.source)}\n{spec.python}\n{version}"
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    root = _own_folder(directory.path.parent.parent / "requirements")
    wanted = _Installation(root / name, spec.python, folders, file, directory)
    with _locked(root / f"{name}.lock", directory) as lock:
        if not wanted.complete.exists():
            _install(wanted, lock)
    new = [path for path in wanted.packages.iterdir() if path.suffix != ".pth"]
    return (str(wanted.packages),) if new else ()


def skipped_requirements(spec: JobSpec, directory: JobDirectory) -> tuple[str, ...]:
    """What there is to say about a requirements.txt that the user does not want installed."""
    skipped = spec.requirements == NO_REQUIREMENTS and directory.source / "requirements.txt"
    if not skipped or not skipped.exists():
        return ()
    return ("requirements.txt is not installed: requirements='none'",)


def _install(wanted: _Installation, lock: int) -> None:
    if wanted.folder.exists():
        shutil.rmtree(wanted.folder)  # half of one, from a job that was ended meanwhile
    create = [wanted.python, "-m", "venv", "--without-pip", str(wanted.folder)]
    _execute(create, wanted, lock)
    pth = wanted.packages / "parent_environment.pth"
    pth.write_text("".join(f"{folder}\n" for folder in wanted.parent_folders))
    pip = [str(wanted.folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    _execute([*pip, "install", "--no-input", "-r", str(wanted.file)], wanted, lock)
    wanted.complete.touch(0o600)


def _execute(argv: list[str], wanted: _Installation, lock: int) -> None:
    """Run a command to its end or until someone asks to stop the job."""
    begin = wanted.log.stat().st_size if wanted.log.exists() else 0
    with wanted.log.open("ab") as log:
        process = subprocess.Popen(
            argv,
            cwd=wanted.directory.source,
            # PIP_USER, which some images set, is an error in a virtual environment.
            env={**os.environ, "PIP_USER": "0", "PIP_PROGRESS_BAR": "off"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # If we are killed, the lock stays taken until the command has ended too.
            pass_fds=(lock,),
        )
    try:
        while process.poll() is None:
            _refuse_when_stopped(wanted.directory)
            time.sleep(POLL_SECONDS)
    finally:
        _end(process)
    if process.returncode:
        raise _failure(wanted, process.returncode, begin)


def _failure(wanted: _Installation, exit_code: int, begin: int) -> LaunchError:
    with wanted.log.open("rb") as output:
        output.seek(begin)
        lines = output.read().decode(errors="replace").splitlines()[-10:]
    text = "\n".join(f"  {line}" for line in lines)
    return LaunchError(
        f"requirements: {wanted.file.name} could not be installed (exit code {exit_code}); "
        f"all output is in {wanted.log}\n{text}"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TERMINATE_SECONDS)
        process.kill()
        process.wait()


def _probe(python: str) -> tuple[str, tuple[str, ...]]:
    """Return the interpreter's version and the folders where its packages lie."""
    try:
        run = subprocess.run([python, "-c", _PROBE], capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LaunchError(f"requirements: {python} does not work: {error}") from error
    version, folders = json.loads(run.stdout)
    return str(version), tuple(folders)


def _own_folder(path: Path) -> Path:
    """Make the folder of kept environments; what others can write to must not run as us."""
    status = make_private_folder(path).stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise LaunchError(f"requirements: {path} must belong to you and be writable for you alone")
    return path


@contextlib.contextmanager
def _locked(path: Path, directory: JobDirectory) -> Iterator[int]:
    """Hold the lock of one environment; another job may be installing the same."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _take(handle):
            _refuse_when_stopped(directory)
            time.sleep(POLL_SECONDS)
        yield handle
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_when_stopped(directory: JobDirectory) -> None:
    if directory.stop_file.exists():
        raise LaunchError("stopped while requirements were being installed")
