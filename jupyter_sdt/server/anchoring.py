"""Relative paths of a request, counted from the notebook's folder as its kernel would.

The server cannot change its own working directory: it is everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATHS = (
    "source_dir",
    "requirements",
    "output_path",
    "checkpoint_s3_uri",
    "checkpoint_local_path",
    "model_uri",
)


def anchor_arguments(arguments: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return Estimator keywords with every relative path made absolute."""
    anchored = dict(arguments)
    for name in _PATHS:
        if anchored.get(name):
            anchored[name] = anchor(anchored[name], folder)
    # With a source_dir the entry point is a name inside of it.
    if anchored.get("entry_point") and not anchored.get("source_dir"):
        anchored["entry_point"] = anchor(anchored["entry_point"], folder)
    if isinstance(anchored.get("dependencies"), list):
        anchored["dependencies"] = [anchor(path, folder) for path in anchored["dependencies"]]
    return anchored


def anchor_inputs(inputs: Mapping[str, Any] | str | None, folder: Path) -> Any:
    """Return ``inputs`` with every relative path made absolute."""
    if isinstance(inputs, Mapping):
        return {channel: anchor(path, folder) for channel, path in inputs.items()}
    return anchor(inputs, folder)


def anchor(path: Any, folder: Path) -> Any:
    """Return a path as text that counts from ``folder``; URIs and other values as they are."""
    if not isinstance(path, str) or not path or "://" in path or path.startswith("~"):
        return path
    return str(folder / path)
