"""What the kernel's user waits for: import, ``%load_ext``, and a cell that does not wait."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from kernel import Kernel
from ours import open_kernel, training_cell, wait_for_nursery
from training import first_step_seconds
from ways import Place

_IMPORT = """
import time
before = time.perf_counter()
import jupyter_sdt
print(time.perf_counter() - before)
"""


@dataclass(frozen=True, slots=True)
class NotebookCosts:
    """Seconds of each round."""

    imports: list[float]
    load_ext: list[float]
    empty_cell: list[float]
    return_control: list[float]


def measure_notebook(place: Place, rounds: int) -> NotebookCosts:
    """Import in new interpreters, load in new kernels, then start jobs from a warm one."""
    imports = [_import_seconds(place) for _ in range(rounds)]
    load_ext = [_load_seconds(place, place.folder / f"load-{n}") for n in range(rounds)]
    runtime = place.folder / "control"
    with open_kernel(place, runtime) as kernel:
        kernel.run("%load_ext jupyter_sdt")
        wait_for_nursery(runtime)
        empty = [kernel.run("pass").seconds for _ in range(5 * rounds)]
        control = [
            _control_seconds(kernel, place.folder / f"control-{n}") for n in range(rounds + 1)
        ]
    # The first job of a kernel also imports what starts jobs; the goal is for the ones after it.
    return NotebookCosts(imports, load_ext, empty, control[1:])


def _import_seconds(place: Place) -> float:
    done = subprocess.run(
        [str(place.python), "-c", _IMPORT], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _load_seconds(place: Place, runtime: Path) -> float:
    with open_kernel(place, runtime) as kernel:
        kernel.run("pass")
        return kernel.run("%load_ext jupyter_sdt").seconds


def _control_seconds(kernel: Kernel, folder: Path) -> float:
    folder.mkdir()
    cell = kernel.run(training_cell(folder, "--no-wait"))
    first_step_seconds(folder, cell.pressed)
    # A little later the job has ended, and does not disturb the next one.
    kernel.run("import time; time.sleep(0.5)")
    return cell.seconds
