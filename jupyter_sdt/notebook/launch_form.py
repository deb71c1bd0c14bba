"""The form of ``%sdt_panel`` that writes a ``%%sdt_train`` cell."""

from __future__ import annotations

import shlex
from html import escape
from typing import Any

import ipywidgets

from jupyter_sdt.cells.arguments import parse_arguments
from jupyter_sdt.cells.flags import FLAGS
from jupyter_sdt.cells.values import DISTRIBUTIONS
from jupyter_sdt.errors import SpecError

_EXAMPLE = """\
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
print("rank", dist.get_rank(), "of", dist.get_world_size())
dist.destroy_process_group()
"""
_SHORT = ("name", "processes", "instance-type", "instance-count", "distribution", "launcher")
_LONG = ("entry-point", "source-dir", "requirements", "input", "hp", "in", "out")


class LaunchForm:
    """Fields for the flags people set most, and the cell they make.

    The cell is shown as it grows, to be copied; the button also has the kernel insert it.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.fields = {name: _field(name) for name in (*_SHORT, *_LONG)}
        self.cell = ipywidgets.Textarea(description="Cell", rows=10, tooltip="The cell to be run")
        self.cell.layout.width = "95%"
        self.said = ipywidgets.HTML()
        button = ipywidgets.Button(
            description="Write cell", tooltip="Insert this cell below the next one you run"
        )
        button.on_click(lambda _button: self.write())
        for field in self.fields.values():
            field.observe(lambda _change: self._show(), names="value")
        self.widget = ipywidgets.VBox([*self.fields.values(), self.cell, button, self.said])
        self._show()

    def line(self) -> str:
        """The magic's line, as the fields say."""
        words = ["%%sdt_train"]
        for name, field in self.fields.items():
            for value in _values(name, str(field.value)):
                words += [f"--{name}", shlex.quote(value)]
        return " ".join(words)

    def write(self) -> None:
        """Have the front end insert the cell.

        The kernel can only send it with the reply to a cell (``set_next_input``), so it appears
        below the next cell that is run.
        """
        self._shell.set_next_input(self.cell.value, replace=False)
        self.said.value = "The cell appears below the next cell you run; or copy it from above."

    def _show(self) -> None:
        line = self.line()
        body = "" if self.fields["entry-point"].value else _EXAMPLE
        self.cell.value = f"{line}\n{body}"
        try:
            parse_arguments(line.removeprefix("%%sdt_train"), self._shell.user_ns)
            self.said.value = ""
        except SpecError as error:
            self.said.value = escape(str(error))


def _field(name: str) -> Any:
    flag = FLAGS[name]
    keywords = {"description": name, "tooltip": flag.help, "style": {"description_width": "9em"}}
    choices = ("", *(DISTRIBUTIONS if name == "distribution" else flag.choices))
    if len(choices) > 1:
        return ipywidgets.Dropdown(options=choices, value="", **keywords)
    value = "2" if name == "processes" else ""
    return ipywidgets.Text(value=value, placeholder=flag.help, continuous_update=False, **keywords)


def _values(name: str, text: str) -> list[str]:
    """Fields of flags that may be repeated hold several values apart by blanks."""
    return text.split() if name in ("hp", "input") else [text] if text else []
