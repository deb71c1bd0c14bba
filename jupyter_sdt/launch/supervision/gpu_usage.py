"""How busy the GPUs are, as nvidia-smi says while it runs beside the job.

https://docs.nvidia.com/deploy/nvidia-smi/ (--query-gpu, --loop)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Self

from jupyter_sdt.launch.node.devices import count_gpus
from jupyter_sdt.spec.job_spec import JobSpec

_QUERY = "index,utilization.gpu,memory.used"
_MEBIBYTE = 1 << 20


@dataclass(slots=True)
class GpuUsage:
    """The latest line of each GPU; without a GPU there is no process and nothing to say."""

    process: subprocess.Popen[bytes] | None = None
    _rest: bytes = b""
    _values: dict[int, dict[str, float | None]] = field(default_factory=dict)

    @classmethod
    def of_job(cls, spec: JobSpec) -> Self:
        """Start nvidia-smi for a job that may use a GPU."""
        program = shutil.which("nvidia-smi") if count_gpus(spec) else None
        if program is None:
            return cls()
        command = [program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits", "--loop=1"]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError:
            return cls()
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
        return cls(process)

    def of_rank(self, local_rank: int) -> dict[str, float | None]:
        """Return ``gpu_percent`` and ``gpu_memory_bytes`` of the GPU of a local rank, if known."""
        self._read()
        gpus = sorted(self._values)
        return self._values[gpus[local_rank % len(gpus)]] if gpus else {}

    def close(self) -> None:
        """End nvidia-smi."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _read(self) -> None:
        if self.process is None or self.process.stdout is None:
            return
        data = b""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self.process.stdout.fileno(), 1 << 16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):  # a GPU may say [N/A]
                index, percent, memory = (float(part) for part in line.split(b","))
                self._values[int(index)] = {
                    "gpu_percent": percent,
                    "gpu_memory_bytes": memory * _MEBIBYTE,
                }
