"""Source that lies elsewhere until a job is submitted: a git repository, or an archive in S3."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.launch.channels.s3_objects import fetch_object
from jupyter_sdt.launch.remote.service import Service, find_region
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.launch.source.bundle import SourceBundle, find_source
from jupyter_sdt.launch.source.git_source import GitSource
from jupyter_sdt.store.job_directory import JobDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class GitBundle(SourceBundle):
    """A clone; ``source_dir`` and ``dependencies`` are paths in it.

    ``script`` is the entry point as given: relative to ``source_dir``, without one a path, too.
    """

    git: GitSource
    script: str
    source_dir: str = ""
    dependencies: Sequence[str] = ()

    def write(self, directory: JobDirectory) -> None:
        """Clone and copy what belongs to the source; the clone itself is removed again."""
        with tempfile.TemporaryDirectory(prefix="sdt-git-") as folder:
            clone = Path(folder, "clone")
            commit = self.git.clone(clone)
            found = find_source(
                entry_point=self._in_clone(clone),
                source_dir=str(_below(clone, self.source_dir, "source_dir"))
                if self.source_dir
                else "",
                dependencies=[str(_below(clone, d, "dependencies")) for d in self.dependencies],
            )
            found.write(directory)
        directory.commit_file.write_text(f"{commit}\n")

    def _in_clone(self, clone: Path) -> str:
        if self.source_dir:
            return self.script
        return str(_below(clone, self.script, "entry_point"))


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Bundle(SourceBundle):
    """A ``tar.gz`` in S3, unpacked for local nodes; SageMaker unpacks it itself."""

    uri: str

    def write(self, directory: JobDirectory) -> None:
        """Fetch and unpack. Raises LaunchError or SpecError."""
        with tempfile.TemporaryDirectory(prefix="sdt-source-") as folder:
            archive, unpacked = Path(folder, "sourcedir.tar.gz"), Path(folder, "source")
            try:
                fetch_object(Service(find_region()).s3, self.uri, archive)
                with tarfile.open(archive) as packed:
                    packed.extractall(unpacked, filter="data")
            except tarfile.TarError as error:
                raise LaunchError(f"source_dir: {self.uri} cannot be unpacked: {error}") from None
            except (LaunchError, SpecError):
                raise
            except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named
                raise explain(error, resource=f"source_dir {self.uri}") from None
            # As the service does: everything in the archive, nothing left out.
            find_source(
                entry_point=self.entry_point, source_dir=str(unpacked), everything=True
            ).write(directory)


def _below(clone: Path, given: str, argument: str) -> Path:
    """A path of the repository, which must not lead out of it."""
    path = (clone / given).resolve()
    if Path(given).is_absolute() or not path.is_relative_to(clone.resolve()):
        raise SpecError(f"{argument}={given!r} must be a path in the repository", argument=argument)
    if not path.exists():
        raise SpecError(f"{argument}={given!r} is not in the repository", argument=argument)
    return path
