"""Variables that rank 0 sent back, read one by one: what cannot be read here loses no other."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from jupyter_sdt.store.job_directory import JobDirectory


def read_outputs(directory: JobDirectory) -> tuple[dict[str, Any], list[str]]:
    """Return the variables by name, and a message for each that cannot be read in this process."""
    values: dict[str, Any] = {}
    messages = []
    for path in sorted(directory.variables_out.glob("*.pickle")):
        try:
            # The folder is the user's own and private (0700); so are its pickles.
            values[path.stem] = pickle.loads(path.read_bytes())  # noqa: S301
        except Exception as error:  # noqa: BLE001 - anybody's class may raise anything
            messages.append(_message(directory, path, error))
    return values, messages


def _message(directory: JobDirectory, path: Path, error: Exception) -> str:
    again = f"jupyter_sdt.TrainingJob.attach({directory.job_name!r}).outputs()"
    return (
        f"--out {path.stem}: it was saved but cannot be read here ({type(error).__name__}: "
        f"{error}): define or import its class in this notebook, too, and call {again}, or send "
        "plain data such as model.state_dict()"
    )
