"""Which files of a folder belong to the source: ``.sdtignore``, and rules that go unsaid."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.source.ignore import IgnorePatterns
from jupyter_sdt.launch.source.left_out import ignored_by_git, why_left_out
from jupyter_sdt.launch.source.locations import list_files
from jupyter_sdt.store.job_directory import jobs_root

IGNORE_FILE = ".sdtignore"
ALWAYS_IGNORED = frozenset({".git", "__pycache__", ".ipynb_checkpoints", ".venv"})


@dataclass(slots=True)
class FolderRules:
    """Lists folders and keeps what was left out: ``left_out`` with reasons, ``refused`` by name.

    ``everything`` takes along what only the unsaid rules would leave out.
    """

    everything: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def refuses(self, name: str) -> bool:
        """Whether ``.sdtignore`` leaves out a file, or a folder that it lies in."""
        return any(
            name == each or (each[-1:] == "/" and name.startswith(each)) for each in self.refused
        )

    def files_below(self, root: Path, argument: str) -> dict[str, Path]:
        """Return the files to take along. Raises SpecError for links that lead out."""
        rules = root / IGNORE_FILE
        patterns = IgnorePatterns.parse(rules.read_text().splitlines() if rules.is_file() else [])
        git_ignores = frozenset() if self.everything else ignored_by_git(root)
        jobs = jobs_root().resolve()

        def skip(name: str, entry: os.DirEntry[str]) -> bool:
            if entry.name in ALWAYS_IGNORED or Path(entry.path) == jobs:
                return True
            ignored = patterns.decision(name)
            if ignored:
                self.refused.add(name)
                return True
            if ignored is None and not self.everything:
                why = why_left_out(name, entry, git_ignores)
                if why:
                    self.left_out[name] = why
                    return True
            _check_link(root, entry, argument)
            return False

        return dict(list_files(root, skip).files)


def _check_link(root: Path, entry: os.DirEntry[str], argument: str) -> None:
    if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root):
        raise SpecError(
            f"{argument}: {entry.path} is a link that leads out of {root}; name its target in "
            f"dependencies, or the link in {IGNORE_FILE}",
            argument=argument,
        )
