"""Where the nursery of this environment listens.

A nursery can only serve jobs whose fresh interpreters would come out the same as its own. What
decides that (interpreter, installed packages, variables read at start) is hashed into the
socket's name, so that a changed environment simply addresses another nursery, and the old one
ends itself when nobody has come for a while.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_sdt.errors import LaunchError

# Read by the dynamic loader, the interpreter or torch before any script could change them.
_READ_AT_START = (
    *("LD_", "DYLD_", "PYTHON", "MALLOC_", "GLIBC_", "OMP_", "GOMP_", "KMP_", "MKL_"),
    *("TORCH", "PYTORCH_", "CUDA_", "NVIDIA_", "ATEN_", "DNNL_", "ONEDNN_"),
)
# Set by torchrun or by us for a rank; a job that submits a job must find the same nursery.
_NOT_READ = ("TORCHELASTIC_",)
# sun_path of a UNIX socket holds 108 bytes on Linux, 104 elsewhere.
_LONGEST_ADDRESS = 100


@dataclass(frozen=True, slots=True)
class NurseryAddress:
    """The files of one nursery: its socket, its starter's lock, its log, its sign of readiness.

    A ``remote`` nursery forks supervisors of jobs on SageMaker; it has boto3 imported, not torch.
    """

    folder: Path
    fingerprint: str
    remote: bool = False

    @property
    def name(self) -> str:
        """What the names of its files begin with."""
        return f"r{self.fingerprint}" if self.remote else self.fingerprint

    @property
    def socket(self) -> Path:
        """The UNIX socket that takes jobs."""
        return self.folder / f"{self.name}.sock"

    @property
    def lock(self) -> Path:
        """Held while any nursery of this user is being started or is closing."""
        return self.folder / "lock"

    @property
    def ready(self) -> Path:
        """Exists once every import is done; holds the nursery's pid."""
        return self.folder / f"{self.name}.ready"

    @property
    def log(self) -> Path:
        """What the nursery printed."""
        return self.folder / f"{self.name}.log"


def nursery_address(environment: Mapping[str, str], *, remote: bool = False) -> NurseryAddress:
    """The address for jobs submitted from ``environment`` with this interpreter.

    Raises LaunchError when no private folder for sockets can be had.
    """
    return NurseryAddress(private_folder(), fingerprint(environment), remote)


def private_folder() -> Path:
    """A folder for sockets that this user alone can enter. Raises LaunchError."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"jupyter_sdt-{os.getuid()}"
    if len(str(folder)) + 31 > _LONGEST_ADDRESS:
        folder = Path("/tmp") / folder.name  # noqa: S108 - short, and checked below
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise LaunchError(f"no folder for the nursery's socket: {error}") from error
    # In a shared /tmp anyone could have put it there first, and would receive our environment.
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise LaunchError(f"{folder} is not a folder that only this user can enter")
    return folder


def fingerprint(environment: Mapping[str, str]) -> str:
    """Hash what decides how a fresh interpreter started from ``environment`` would come out."""
    digest = hashlib.blake2b(digest_size=12)
    for word in _what_matters(environment):
        digest.update(word.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()


def _what_matters(environment: Mapping[str, str]) -> Iterator[str]:
    yield f"{sys.executable} {sys.version} {sys.prefix}"
    for name in sorted(environment):
        if name.startswith(_READ_AT_START) and not name.startswith(_NOT_READ):
            yield f"{name}={environment[name]}"
    for folder in _installation_folders():
        yield f"{folder} {_modified(folder)}"
    # Our own code is imported by the nursery too; in an editable installation it changes in place.
    package = Path(__file__).parents[2]
    if not any(package.is_relative_to(folder) for folder in _installation_folders()):
        yield str(_newest(str(package)))


def _installation_folders() -> list[Path]:
    # Installing, upgrading or removing a distribution changes the folder that holds it.
    return [Path(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))]


def _newest(folder: str) -> int:
    """When a Python file below ``folder`` was last changed; asked before every job, hence fast."""
    newest = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                newest = max(newest, _newest(entry.path))
            elif entry.name.endswith(".py"):
                newest = max(newest, entry.stat().st_mtime_ns)
    return newest


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
