"""What a study was measured on: figures without their circumstances mean nothing."""

from __future__ import annotations

import datetime as dt
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from jupyter_sdt.scaling.limits import available_cores

_CPU_FILE = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The machine, the software and the day. ``threads_per_rank`` is OMP_NUM_THREADS, or empty."""

    cpu: str
    cores: int
    gpus: int
    system: str
    python: str
    torch: str
    date: str
    threads_per_rank: str

    def __str__(self) -> str:
        threads = self.threads_per_rank or "torch's choice of"
        gpus = f", {self.gpus} GPU" if self.gpus else ""
        return (
            f"{self.cpu}, {self.cores} cores{gpus}, {threads} thread(s) per rank; "
            f"torch {self.torch}, Python {self.python}, {self.system}; {self.date}"
        )


def current_conditions(*, gpus: int, threads_per_rank: str) -> Conditions:
    """Describe this machine as it is now."""
    return Conditions(
        cpu=cpu_model(),
        cores=available_cores(),
        gpus=gpus,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        torch=_installed_version("torch"),
        date=dt.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        threads_per_rank=threads_per_rank,
    )


def cpu_model(cpu_file: Path = _CPU_FILE) -> str:
    """The processor's name as its maker gives it, or the architecture's."""
    try:
        lines = cpu_file.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _installed_version(distribution: str) -> str:
    # Asking the metadata spares the notebook the seconds that importing torch takes.
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
