"""IPython's own lines in a cell: found with IPython's tokenizer, taken out or refused.

The job runs plain Python, so ``%matplotlib inline`` and ``obj?`` are taken out and named in a
message, while what would silently change the job's meaning (``!cmd``, ``x = !cmd``, ``%pip``) is
refused. Strings and comments that hold ``%`` or ``!`` are untouched: IPython's transformers look
at tokens, not at text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from IPython.core.inputtransformer2 import (
    EscapedCommand,
    HelpEnd,
    MagicAssign,
    SystemAssign,
    find_end_of_continued_line,
    make_tokens_by_line,
)

from jupyter_sdt.errors import SpecError

_TRANSFORMERS: tuple[Any, ...] = (HelpEnd, EscapedCommand, MagicAssign, SystemAssign)
# Line magics that change what the cell computes: dropping them would change the job.
_CURES = {
    "env": "use the flag --env NAME=VALUE",
    "set_env": "use the flag --env NAME=VALUE",
    "pip": "use the flag --requirements FILE",
    "conda": "use the flag --requirements FILE",
    "uv": "use the flag --requirements FILE",
    "mamba": "use the flag --requirements FILE",
    "cd": "use the flag --source-dir FOLDER",
    "run": "import the file; --source-dir FOLDER copies it beside the entry point",
    "load": "paste the code itself",
    "timeit": "write the statement itself; step times are recorded anyway",
    "prun": "write the statement itself",
    "store": "use the flags --in and --out",
}
_SHELL = "the job starts no shell; use subprocess.run([...]), or run it in a cell of its own"


@dataclass(frozen=True, slots=True)
class _Special:
    """One piece of IPython syntax: 0-based lines ``first`` to ``last``, from column ``column``."""

    kind: type
    first: int
    column: int
    last: int
    text: str
    line: str


def take_out_ipython_lines(
    lines: list[str], where: Callable[[int], str]
) -> tuple[list[str], list[str]]:
    """Return as many lines, all plain Python, and a message for each that was changed.

    ``where`` turns a 1-based line number into ``Cell In[7], line 12``. Raises SpecError for a line
    that the job cannot run.
    """
    messages: list[str] = []
    lines = list(lines)
    while special := _first_special(lines):
        place = where(special.first + 1)
        kept = _statement_kept(special, place)
        said = f"{special.text!r} was left out" if not kept else "%time was left out"
        messages.append(f"{place}: {said}: the job runs plain Python")
        _replace(lines, special, kept)
    return lines, messages


def _first_special(lines: list[str]) -> _Special | None:
    tokens = make_tokens_by_line(lines)
    found = [made for kind in _TRANSFORMERS if (made := kind.find(tokens))]
    if not found:
        return None
    first = min(found, key=lambda special: special.sortby())
    last = min(_last_line(first, lines), len(lines) - 1)
    text = "".join(lines[first.start_line : last + 1])[first.start_col :].strip()
    line = lines[first.start_line].strip()
    return _Special(type(first), first.start_line, first.start_col, last, text, line)


def _last_line(special: Any, lines: list[str]) -> int:
    if isinstance(special, HelpEnd):
        return int(special.q_line)
    return int(find_end_of_continued_line(lines, special.start_line))


def _statement_kept(special: _Special, place: str) -> str:
    """Return what stays of the line: the statement behind ``%time``, otherwise nothing."""
    if special.kind is HelpEnd or special.text.startswith("?"):
        return ""
    name, _, rest = special.text.lstrip("%").partition(" ")
    if special.text.startswith("!") or special.kind is SystemAssign:
        raise _refusal(special, place, _SHELL)
    if special.kind is MagicAssign:
        raise _refusal(special, place, "the job runs plain Python and knows no magics")
    if special.text.startswith("%%"):
        raise _refusal(special, place, "%%sdt_train takes the whole cell; use a cell of its own")
    if not special.text.startswith("%"):
        raise _refusal(special, place, "the job runs plain Python; write the call with parentheses")
    if name in _CURES:
        raise _refusal(special, place, _CURES[name])
    return rest.strip() if name == "time" else ""


def _refusal(special: _Special, place: str, cure: str) -> SpecError:
    return SpecError(f"{place}: {special.line!r} cannot run in a job: {cure}", argument="cell")


def _replace(lines: list[str], special: _Special, kept: str) -> None:
    """Put a statement of as many lines in its place, valid inside an otherwise empty block too."""
    head = lines[special.first][: special.column]
    first, *more = special.text.splitlines()
    lines[special.first] = f"{head}{kept}\n" if kept else f"{head}pass  # {first}\n"
    for number, text in enumerate(more, special.first + 1):
        lines[number] = f"# {text}\n" if not kept else "\n"
