"""Execute the first example in a real kernel and print what came of it.

``make demo`` runs this. Accuracy and speedup are read from the executed notebook's own output.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples" / "01_first_job.ipynb"
OUTPUT = ROOT / "build" / NOTEBOOK.name
CELL_SECONDS = 600
# What the last cell of the notebook prints, one a line.
_RESULTS = {"accuracy": r"^accuracy: ([\d.]+)", "speedup": r"^speedup on \d+ ranks: ([\d.]+)"}


class Progress:
    """Prints one line per code cell: what it begins with and how long it took."""

    def __init__(self, cells: list[Any]) -> None:
        self._total = sum(cell.cell_type == "code" for cell in cells)
        self._done = 0
        self._since = 0.0

    def started(self, cell: Any, cell_index: int) -> None:  # noqa: ARG002 - nbclient's names
        """Say which cell runs now."""
        if cell.cell_type == "code":
            self._done += 1
            self._since = time.monotonic()
            first_line = cell.source.partition("\n")[0][:70]
            print(f"demo: cell {self._done} of {self._total}: {first_line:<70}", end="", flush=True)

    def ended(self, cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ARG002
        """Say how long it took."""
        print(f" {time.monotonic() - self._since:6.1f} s", flush=True)


def execute(notebook: Any, folder: Path) -> None:
    """Run every cell in a kernel of this environment. Raises CellExecutionError."""
    progress = Progress(notebook.cells)
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # ipykernel warns that loopback TCP is not encrypted, on every start.
        extra_arguments=["--log-level=ERROR"],
        on_cell_execute=progress.started,
        on_cell_executed=progress.ended,
    ).execute()


def printed(notebook: Any) -> str:
    """Everything the code cells wrote to stdout."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")


def results(notebook: Any) -> dict[str, float]:
    """Accuracy and speedup as the notebook printed them. Raises ValueError for a missing one."""
    text = printed(notebook)
    found = {name: re.search(pattern, text, re.MULTILINE) for name, pattern in _RESULTS.items()}
    missing = [name for name, match in found.items() if match is None]
    if missing:
        raise ValueError(f"the notebook printed no {' and no '.join(missing)}")
    return {name: float(match[1]) for name, match in found.items() if match}


def pictures(notebook: Any) -> list[str]:
    """First lines of the cells whose output holds a picture."""
    return [
        cell.source.partition("\n")[0]
        for cell in notebook.cells
        if any("image/png" in output.get("data", ()) for output in cell.get("outputs", ()))
    ]


def summarize(notebook: Any, path: Path) -> str:
    """What the user is told at the end. Raises ValueError when the notebook is incomplete."""
    found = results(notebook)
    drawn = pictures(notebook)
    jobs = [first for first in drawn if first.startswith("%%sdt_train")]
    if len(jobs) < 2:
        raise ValueError(f"{len(jobs)} of 2 jobs left a picture in {path}")
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return (
        f"\naccuracy   {found['accuracy']:.3f}   on test images no rank had seen"
        f"\nspeedup    {found['speedup']:.2f}    on 2 ranks, against 1"
        f"\nnotebook   {place}   with {len(drawn)} pictures; make lab opens the original"
    )


def main() -> int:
    """Execute, save, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    notebook = nbformat.read(arguments.notebook, as_version=4)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        execute(notebook, arguments.notebook.resolve().parent)
        print(summarize(notebook, arguments.output))
    except CellExecutionError as error:
        print(f"\ndemo: a cell failed: {error.ename}: {error.evalue}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
