"""The magics' names and help; what they do lies in actions.py."""

# IPython's decorators carry no annotations.
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import importlib
import threading
from typing import Any

from IPython.core.completer import CompletionContext, context_matcher
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from jupyter_sdt.notebook.telling import plainly


@magics_class
class SdtMagics(Magics):
    """Distributed training from a cell, and the jobs it started."""

    @no_var_expand  # braces and dollars belong to JSON and to --hp lr=$lr
    @line_cell_magic
    @plainly
    def sdt_train(self, line: str, cell: str = "") -> None:
        """Train this cell on several ranks: fresh processes run it as a script, not this kernel.

        ``%%sdt_train --processes 2 --in images,labels --out accuracy`` sends two variables to two
        ranks, draws their curve below the cell, and brings one variable back.

        =======================  ======================================================
        ``--processes N``        ranks on each node
        ``--hp lr=0.1``          a hyperparameter: ``--lr 0.1`` on the script's command line
        ``--entry-point FILE``   run this script instead of the cell
        ``--input NAME=FOLDER``  a folder with data: ``SM_CHANNEL_NAME`` in the script
        ``--scale 1,2,4``        run once per world size and draw the scaling curve
        ``--no-wait``            return at once; the curve goes on
        ``--plan``               print what would be started, and start nothing
        ``--help``               list all flags
        =======================  ======================================================
        """
        _actions().train(self.shell, line, cell)

    @line_magic
    @plainly
    def sdt_jobs(self, line: str) -> Any:
        """``%sdt_jobs [--last N]``: the newest jobs, their status, time, ranks, last loss and cost.

        ``%sdt_jobs --remote [--name PART] [--status STATUS] [--since 2d] [--region REGION]`` lists
        the training jobs of your AWS account, whoever started them.
        """
        return _actions().jobs(line)

    @line_magic
    @plainly
    def sdt_logs(self, line: str) -> None:
        """``%sdt_logs [NAME] [--rank N] [--tail K] [--follow]``: print the logs of a job.

        Without a name, of the newest one; ``--follow`` goes on until the job ends or you interrupt.
        """
        _actions().logs(line)

    @line_magic
    @plainly
    def sdt_stop(self, line: str) -> None:
        """``%sdt_stop [NAME]``: stop a job by SIGTERM, then by SIGKILL after its time."""
        _actions().stop(line)

    @line_magic
    @plainly
    def sdt_attach(self, line: str) -> None:
        """``%sdt_attach [NAME] [--no-wait]``: watch a job that any kernel has started.

        At its end the variables of ``--out`` are brought into this notebook.
        """
        _actions().attach(self.shell, line)

    @line_magic
    @no_var_expand
    @plainly
    def sdt_doctor(self, line: str) -> Any:
        """``%sdt_doctor [FLAGS OF %%sdt_train]``: what such a job needs, and what is missing."""
        return _actions().doctor(self.shell, line)

    @line_magic
    @plainly
    def sdt_panel(self, line: str) -> Any:  # noqa: ARG002  (every magic gets its line)
        """``%sdt_panel``: jobs, the curves of one, and a form that writes a cell."""
        return _actions().panel(self.shell)


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics; start the nursery and import the rest in the background."""
    ipython.register_magics(SdtMagics)
    if keep_lone_line not in ipython.input_transformers_cleanup:
        ipython.input_transformers_cleanup.append(keep_lone_line)
    if complete_line not in ipython.Completer.custom_matchers:
        ipython.Completer.custom_matchers.append(complete_line)
    widgets = hasattr(ipython, "kernel")
    threading.Thread(target=_prepare, args=(widgets,), name="sdt-prepare", daemon=True).start()


def keep_lone_line(lines: list[str]) -> list[str]:
    """Give a cell of nothing but the magic's line an empty body.

    IPython refuses a cell magic without a body, but ``%%sdt_train --entry-point train.py`` and
    ``%%sdt_train --help`` are complete.
    """
    if len(lines) == 1 and lines[0].startswith("%%sdt_train"):
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines


# IPython leaves such a transformer out when it asks whether a cell is complete: in a terminal the
# first line would be run as soon as it was typed.
vars(keep_lone_line)["has_side_effects"] = True


@context_matcher()
def complete_line(context: CompletionContext) -> Any:
    """Answer a Tab on one of our lines; everywhere else there is nothing of ours to import."""
    if "%sdt_" not in context.text_until_cursor:
        return {"completions": []}
    return importlib.import_module("jupyter_sdt.notebook.completion").complete(context)


def _prepare(widgets: bool) -> None:
    """Have everything ready for the first cell. A cell that comes sooner waits for its imports."""
    importlib.import_module("jupyter_sdt.launch.nursery.client").warm()
    _actions()
    if widgets:
        importlib.import_module("jupyter_sdt.notebook.view")


def _actions() -> Any:
    return importlib.import_module("jupyter_sdt.notebook.actions")
