"""A real Jupyter kernel, driven by the messages a notebook sends."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

_LONGEST_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One executed cell: when Shift+Enter was pressed, when the kernel was free again."""

    pressed: float
    replied: float
    text: str

    @property
    def seconds(self) -> float:
        """How long the kernel was busy with it, as the notebook sees it."""
        return self.replied - self.pressed


class Kernel:
    """An ipykernel of the given interpreter; a context manager."""

    def __init__(self, python: Path, folder: Path, environment: Mapping[str, str]) -> None:
        name = "bench"
        spec = folder / "kernels" / name
        spec.mkdir(parents=True, exist_ok=True)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel_json = {"argv": argv, "display_name": name, "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(kernel_json))
        specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        self._manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
        with (folder / "kernel.log").open("ab") as log:
            self._manager.start_kernel(
                env={**os.environ, **environment}, cwd=str(folder), stdout=log, stderr=log
            )
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=_LONGEST_SECONDS)

    def run(self, source: str) -> Cell:
        """Execute a cell. Raises RuntimeError with what it printed when it ends in an error."""
        pressed = time.time()
        message = self._client.execute(source)
        reply = self._reply(message)
        replied = time.time()
        text = self._output(message)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{reply['content'].get('evalue', reply)}\n{text[-2000:]}")
        return Cell(pressed, replied, text)

    def close(self) -> None:
        """End the kernel and every process it started and still has."""
        end_offspring(self._manager.provisioner.pid)
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _reply(self, message: str) -> dict[str, Any]:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while True:
            try:
                reply = self._client.get_shell_msg(timeout=deadline - time.monotonic())
            except queue.Empty:
                raise TimeoutError(f"the cell did not end within {_LONGEST_SECONDS:g} s") from None
            if reply["parent_header"].get("msg_id") == message:
                return reply

    def _output(self, message: str) -> str:
        words = []
        while True:
            heard = self._client.get_iopub_msg(timeout=_LONGEST_SECONDS)
            if heard["parent_header"].get("msg_id") != message:
                continue
            content = heard["content"]
            if content.get("execution_state") == "idle":
                return "".join(words)
            words.append(content.get("text", "") or "\n".join(content.get("traceback", ())))


def end_offspring(pid: int) -> None:
    """Kill what a process started and what that started: workers, engines, nurseries, jobs."""
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
