"""What goes into ``source/``: the cell or the entry point, the source folder, dependencies."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_sdt.errors import LaunchError, SpecError, did_you_mean
from jupyter_sdt.launch.source.folder_rules import IGNORE_FILE, FolderRules
from jupyter_sdt.launch.source.locations import copy_file, local_path
from jupyter_sdt.spec.job_spec import Cell
from jupyter_sdt.store.files import write_atomically
from jupyter_sdt.store.job_directory import JobDirectory

CELL_ENTRY_POINT = "entry_point.py"
# Nobody's code is larger; what is, has taken data or an environment along.
LARGEST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBundle:
    """Everything that will lie in ``source/``: names there, and the files they come from."""

    entry_point: str
    files: Mapping[str, Path] = field(default_factory=dict)
    cell_source: str | None = None
    # What stays at home though nobody said so, and why.
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_module(self) -> bool:
        """Whether the entry point is the name of a module, not of a file."""
        return self.cell_source is None and bool(self.files) and self.entry_point not in self.files

    def write(self, directory: JobDirectory) -> None:
        """Copy everything. Raises LaunchError naming what cannot be copied."""
        try:
            for name, path in self.files.items():
                copy_file(path, directory.source / name)
            entry = directory.source / self.entry_point
            if self.cell_source is not None:
                write_atomically(entry, self.cell_source.encode(), durable=False)
            elif self.entry_point in self.files and entry.suffix != ".py":
                entry.chmod(0o700)
        except OSError as error:
            raise LaunchError(
                f"the source cannot be copied: {error}; its copy would lie in {directory.source}"
            ) from error


def bundle_source(
    directory: JobDirectory,
    *,
    cell_source: str | None = None,
    entry_point: str = "",
    source_dir: str = "",
    dependencies: Sequence[str] = (),
    cell: Cell | None = None,
) -> str:
    """Fill ``source/`` and return the entry point relative to it; see :func:`find_source`."""
    bundle = find_source(
        cell_source=cell_source,
        entry_point=entry_point,
        source_dir=source_dir,
        dependencies=dependencies,
        cell=cell,
    )
    bundle.write(directory)
    return bundle.entry_point


def find_source(
    *,
    cell_source: str | None = None,
    entry_point: str = "",
    source_dir: str = "",
    dependencies: Sequence[str] = (),
    cell: Cell | None = None,
    everything: bool = False,
) -> SourceBundle:
    """Find and check everything a job needs of the user's code; nothing is written.

    With ``cell_source`` the cell is the entry point. Otherwise ``entry_point`` is a file, relative
    to ``source_dir`` when that is given. ``dependencies`` are files and folders that will lie
    beside it. ``.sdtignore`` in a folder keeps files out; unless ``everything`` counts, so do the
    rules of ``left_out``. Raises SpecError for what is missing, leads out of its folder, cannot be
    read, collides, is too large, or is no Python.
    """
    rules = FolderRules(everything=everything)
    try:
        root = _existing_folder(source_dir) if source_dir else None
        files = rules.files_below(root, "source_dir") if root else {}
        if cell_source is None:
            name = _add_entry_point(entry_point, root, files, rules)
        else:
            name = _check_cell(cell_source, cell or Cell(), files)
        for dependency in dependencies:
            _add_dependency(dependency, files, name, rules)
        _check_size(files)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the source cannot be read: {error}", argument="source_dir") from error
    return SourceBundle(
        entry_point=name, files=files, cell_source=cell_source, left_out=rules.left_out
    )


def _check_cell(source: str, cell: Cell, files: Mapping[str, Path]) -> str:
    _refuse_collision(CELL_ENTRY_POINT, files, "source_dir")
    _check_syntax(source, cell.label, "cell")
    return CELL_ENTRY_POINT


def _add_entry_point(
    entry_point: str, root: Path | None, files: dict[str, Path], rules: FolderRules
) -> str:
    if module := _module_in(entry_point, root, files):
        _check_syntax(module.read_bytes(), str(module), "entry_point")
        return entry_point
    name, path = _find_entry_point(entry_point, root, files)
    if root is not None and name not in files and rules.refuses(name):
        raise SpecError(
            f"entry_point: {name} is left out by {IGNORE_FILE} of {root}", argument="entry_point"
        )
    rules.left_out.pop(name, None)  # whatever it looks like, the script goes along
    if name.endswith(".py"):
        _check_syntax(path.read_bytes(), str(path), "entry_point")
    files[name] = path
    return name


def _module_in(entry_point: str, root: Path | None, files: Mapping[str, Path]) -> Path | None:
    """The file of an entry point that names a module, as ``pkg.train`` does; None for a file."""
    words = entry_point.split(".")
    if root is None or len(words) < 2 or not all(word.isidentifier() for word in words):
        return None
    return None if (root / entry_point).is_file() else files.get("/".join(words) + ".py")


def _add_dependency(
    dependency: str, files: dict[str, Path], entry_point: str, rules: FolderRules
) -> None:
    for name, path in _dependency_files(dependency, rules).items():
        taken = files if entry_point in files else {**files, entry_point: Path("the cell")}
        _refuse_collision(name, taken, "dependencies")
        files[name] = path


def _existing_folder(source_dir: str) -> Path:
    path = local_path(source_dir, argument="source_dir")
    if not path.is_dir():
        near = did_you_mean(path.name, _names_in(path.parent))
        raise SpecError(
            f"source_dir: {path.absolute()} is not a folder{near}", argument="source_dir"
        )
    return path.resolve()


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _find_entry_point(
    entry_point: str, root: Path | None, files: Mapping[str, Path]
) -> tuple[str, Path]:
    """Return the entry point's name in the bundle and its file."""
    if not entry_point:
        raise SpecError("entry_point is missing: name the script to run", argument="entry_point")
    path = Path(root or "", local_path(entry_point, argument="entry_point"))
    if root is None:
        name, known = path.name, _names_in(path.parent)
    else:
        name, known = _name_below(root, path, entry_point), list(files)
    if not path.is_file():
        missing = f"does not exist{did_you_mean(name, known)}"
        raise SpecError(
            f"entry_point: {path.absolute()} "
            f"{'is a folder, not a file' if path.is_dir() else missing}",
            argument="entry_point",
        )
    return name, path


def _name_below(root: Path, path: Path, entry_point: str) -> str:
    # Links on the way are followed, so that the name is the one the listing has.
    real = path.parent.resolve() / path.name
    if not real.is_relative_to(root):
        raise SpecError(
            f"entry_point={entry_point!r} leads out of source_dir={str(root)!r}; it must lie in it",
            argument="entry_point",
        )
    return real.relative_to(root).as_posix()


def _dependency_files(dependency: str, rules: FolderRules) -> dict[str, Path]:
    path = local_path(dependency, argument="dependencies").resolve()
    if path.is_file():
        return {path.name: path}
    if not path.is_dir():
        near = did_you_mean(path.name, _names_in(path.parent))
        raise SpecError(f"dependencies: {path} does not exist{near}", argument="dependencies")
    below = rules.files_below(path, "dependencies")
    return {f"{path.name}/{name}": file for name, file in below.items()}


def _refuse_collision(name: str, files: Mapping[str, Path], argument: str) -> None:
    if name in files:
        raise SpecError(
            f"{argument}: {name} would lie twice in the job's source folder, once from "
            f"{files[name]}; rename one of them",
            argument=argument,
        )


def _check_size(files: Mapping[str, Path]) -> None:
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total = sum(sizes.values())
    if total > LARGEST_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise SpecError(
            f"source_dir: {total / 1e6:,.0f} MB in {len(files):,} files is more than code; the "
            f"largest is {largest} ({sizes[largest] / 1e6:,.0f} MB); name what the script does not "
            f"import in {IGNORE_FILE} and give data as channels",
            argument="source_dir",
        )


def _check_syntax(source: str | bytes, where: str, argument: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the script itself will give them, once
            compile(source, where, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = f"\n    {error.text.strip()}" if error.text else ""
        place = f", line {error.lineno}" if error.lineno else ""
        raise SpecError(f"{where}{place}: {error.msg}{line}", argument=argument) from None
    except ValueError as error:
        raise SpecError(f"{where} cannot be Python: {error}", argument=argument) from None
