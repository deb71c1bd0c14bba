"""A whole ``%%sdt_train`` cell, sent as text by a browser that has no kernel at hand."""

from __future__ import annotations

from typing import Any

from jupyter_sdt.cells.arguments import Arguments, parse_arguments
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator import CellSource
from jupyter_sdt.spec.job_spec import Cell

_MAGIC = "%%sdt_train"
_IN_KERNEL = "run the cell in the notebook instead"
# Flags that only the kernel can serve, and why.
_KERNEL_ONLY = {
    "variables_in": ("--in", "the notebook's variables live in its kernel"),
    "scale": ("--scale", "a scaling study is run by the kernel"),
    "help": ("--help", "help is printed by the kernel"),
}


class _NoVariables(dict[str, Any]):
    """Stands for the notebook's variables, which only the kernel knows."""

    def __contains__(self, name: object) -> bool:
        raise SpecError(
            f"${name} is a variable of the notebook's kernel, which the server cannot see; write "
            f"its value, or {_IN_KERNEL}",
            argument=f"${name}",
        )


def read_cell(text: str, cell: Cell) -> tuple[Arguments, CellSource | None, list[str]]:
    """Return what the flags say, the script (None with ``--entry-point``) and messages.

    Raises SpecError for whatever the magic would refuse, and for what needs the kernel.
    """
    # IPython is behind it: 0.3 s, which a server that never starts a job need not pay.
    from jupyter_sdt.cells.cell_text import CellText, count_blank_lines  # noqa: PLC0415

    blank_lines = count_blank_lines(text)
    first, *body = text.splitlines(keepends=True)[blank_lines:] or [""]
    line = _flags(first)
    arguments = parse_arguments(line, _NoVariables())
    _check(arguments)
    below = CellText(line=line, body="".join(body), cell=cell, blank_lines=blank_lines)
    if arguments.entry_point:
        return arguments.with_hyperparameters(below.hyperparameters()), None, []
    code, messages = below.entry_point()
    return arguments, CellSource(source=code, cell=cell), messages


def _flags(first: str) -> str:
    word, _, line = first.strip().partition(" ")
    if word != _MAGIC:
        raise SpecError(f"the cell must begin with {_MAGIC}, not {word[:40]!r}", argument="cell")
    return line.strip()


def _check(arguments: Arguments) -> None:
    for name, (flag, reason) in _KERNEL_ONLY.items():
        if getattr(arguments, name):
            raise SpecError(f"{flag}: {reason}; {_IN_KERNEL}", argument=flag)
