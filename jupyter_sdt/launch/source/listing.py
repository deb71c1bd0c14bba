"""What travels with a job, said before it does: files with their sizes, and what stays at home."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_sdt.launch.source.bundle import SourceBundle
from jupyter_sdt.launch.source.folder_rules import IGNORE_FILE

_SHOWN = 10


def source_notes(source: SourceBundle) -> Iterator[str]:
    """Yield a line about the files, the largest first, and one about what was left out."""
    sizes = {name: path.stat().st_size for name, path in source.files.items()}
    if source.cell_source is not None:
        sizes[f"{source.entry_point} (the cell)"] = len(source.cell_source.encode())
    if sizes:
        ordered = sorted(sizes, key=lambda name: (-sizes[name], name))
        named = [f"{name} {size_in_words(sizes[name])}" for name in ordered[:_SHOWN]]
        more = [f"{len(sizes) - _SHOWN} smaller"] if len(sizes) > _SHOWN else []
        total = size_in_words(sum(sizes.values()))
        count = "1 file" if len(sizes) == 1 else f"{len(sizes)} files"
        yield f"source: {count}, {total}: {', '.join([*named, *more])}"
    yield from left_out_notes(source)


def left_out_notes(source: SourceBundle) -> Iterator[str]:
    """Yield one line when anything was left out that nobody asked to leave out."""
    if source.left_out:
        told = [f"{name} ({why})" for name, why in list(source.left_out.items())[:_SHOWN]]
        more = len(source.left_out) - _SHOWN
        told += [f"{more} more"] if more > 0 else []
        yield f"left out of the source: {', '.join(told)}; '!NAME' in {IGNORE_FILE} takes it along"


def size_in_words(size: float) -> str:
    """``12.3 kB`` of 12345."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
