"""``%%sdt_train``, warm (the nursery is up) and cold (neither nursery nor extension is loaded)."""

from __future__ import annotations

import time
from pathlib import Path

from kernel import Kernel
from training import LONGEST_SECONDS, RANKS, first_step_seconds, step_source
from ways import Place

_LOAD = "%load_ext jupyter_sdt"


class Warm:
    """The nursery has finished its imports, as it has a few seconds after ``%load_ext``."""

    name = "%%sdt_train, warm"
    keeps_state = False

    def __init__(self, place: Place) -> None:
        self._place = place
        self._runtime = place.folder / "warm"

    def open(self) -> None:
        """Start a kernel, load the extension, wait for the nursery."""
        self.kernel = open_kernel(self._place, self._runtime)
        self.kernel.run(_LOAD)
        wait_for_nursery(self._runtime)

    def shot(self, folder: Path) -> float:
        """Shift+Enter on the training cell."""
        return first_step_seconds(folder, self.kernel.run(training_cell(folder)).pressed)

    def close(self) -> None:
        """End kernel and nursery."""
        self.kernel.close()


class Cold:
    """Shift+Enter on ``%load_ext`` and at once on the training cell: every import is still due."""

    name = "%%sdt_train, cold"
    keeps_state = False

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rounds = 0

    def open(self) -> None:
        """Nothing: cold is cold."""

    def shot(self, folder: Path) -> float:
        """Time from the cell with ``%load_ext`` on, in a new kernel without a nursery."""
        self._rounds += 1
        runtime = self._place.folder / f"cold-{self._rounds}"
        with open_kernel(self._place, runtime) as kernel:
            pressed = kernel.run(_LOAD).pressed
            kernel.run(training_cell(folder))
            return first_step_seconds(folder, pressed)

    def close(self) -> None:
        """Nothing stays."""


def training_cell(folder: Path, flags: str = "") -> str:
    """The measured cell."""
    return f"%%sdt_train --processes {RANKS} {flags}\n{step_source(folder)}"


def open_kernel(place: Place, runtime: Path) -> Kernel:
    """A kernel whose nursery, found through XDG_RUNTIME_DIR, is nobody else's."""
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {**place.environment, "XDG_RUNTIME_DIR": str(runtime)}
    return Kernel(place.python, place.folder, environment)


def wait_for_nursery(runtime: Path) -> None:
    """Wait until the nursery has done its imports. Raises TimeoutError."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not list(runtime.rglob("*.ready")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no nursery got ready in {runtime}")
        time.sleep(0.05)
