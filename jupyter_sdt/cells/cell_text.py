"""A cell's text -> the entry point's source, or the hyperparameters it holds. Pure."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Any

from jupyter_sdt.cells.ipython_lines import take_out_ipython_lines
from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.job_spec import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """What stands in a cell below the magic's line.

    ``blank_lines`` counts the lines above the magic, so that numbers agree with the editor's.
    """

    line: str
    body: str
    cell: Cell
    blank_lines: int = 0

    def place(self, number: int) -> str:
        """``Cell In[7], line 12`` for line ``number`` of the cell, counted from 1."""
        return f"{self.cell.label}, line {number}"

    def entry_point(self) -> tuple[str, list[str]]:
        """Return the source of the entry point, line for line the cell's, and messages.

        Raises SpecError naming the line for a syntax error or an IPython line that cannot run.
        """
        # The flags stay out: --env may carry a password, and this goes into a file.
        head = ["\n"] * self.blank_lines + ["# %%sdt_train\n"]
        body = self.body if self.body.endswith("\n") else self.body + "\n"
        lines, messages = take_out_ipython_lines(
            [*head, *body.splitlines(keepends=True)], self.place
        )
        source = "".join(lines)
        if not self._compile(source).body:
            raise SpecError(
                f"{self.cell.label}: the cell holds no code; write the training script below "
                "%%sdt_train, or name one with --entry-point FILE",
                argument="cell",
            )
        return source, messages

    def hyperparameters(self) -> dict[str, Any]:
        """Read a cell of ``name = literal`` lines; nothing is executed.

        Raises SpecError naming the first line that is anything else.
        """
        offset = self.blank_lines + 1
        tree = self._compile("\n" * offset + self.body)
        return dict(self._assignment(statement) for statement in tree.body)

    def _compile(self, source: str) -> ast.Module:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(source, self.cell.label, "exec", dont_inherit=True)
                return ast.parse(source)
        except SyntaxError as error:
            raise self._syntax_error(error) from None
        except ValueError as error:
            raise SpecError(f"{self.cell.label}: {error}", argument="cell") from None

    def _syntax_error(self, error: SyntaxError) -> SpecError:
        text = (error.text or "").rstrip("\n")
        pointer = " " * ((error.offset or 1) - 1) + "^"
        lines = [f"{self.place(error.lineno or 1)}: {error.msg}", f"    {text}", f"    {pointer}"]
        return SpecError("\n".join(lines if text else lines[:1]), argument="cell")

    def _assignment(self, statement: ast.stmt) -> tuple[str, Any]:
        target = _target(statement)
        value = getattr(statement, "value", None)
        try:
            if target and value is not None:
                return target, ast.literal_eval(value)
        except ValueError:
            pass
        raise SpecError(
            f"{self.place(statement.lineno)}: {ast.unparse(statement)!r} is not a hyperparameter: "
            "with --entry-point the cell holds lines such as lr = 0.1; a variable is passed by "
            "--hp lr=$lr",
            argument="cell",
        )


def _target(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def count_blank_lines(raw_cell: str) -> int:
    """How many lines of the cell IPython removed above the magic."""
    lines = raw_cell.splitlines()
    return next((number for number, line in enumerate(lines) if line.strip()), 0)
