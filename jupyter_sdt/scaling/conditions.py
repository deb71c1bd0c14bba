"""What a study was measured on: figures without their circumstances mean nothing."""

from __future__ import annotations

import datetime as dt
import functools
import platform
from dataclasses import dataclass
from importlib import metadata

from jupyter_sdt.launch.node.conditions import cpu_model
from jupyter_sdt.launch.node.devices import count_gpus
from jupyter_sdt.scaling.limits import available_cores
from jupyter_sdt.scaling.variants import THREADS
from jupyter_sdt.spec.job_spec import JobSpec


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


def current_conditions(spec: JobSpec | None) -> Conditions:
    """Describe this machine, and when and with how many threads a rank the job of ``spec`` ran."""
    threads = spec.environment.get(THREADS, "") if spec else ""
    moment = dt.datetime.fromtimestamp(spec.created_seconds) if spec else dt.datetime.now()
    return Conditions(
        cpu=cpu_model(),
        cores=available_cores(),
        gpus=count_gpus(spec) if spec else 0,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        torch=_installed_version("torch"),
        date=moment.astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        threads_per_rank=threads,
    )


@functools.cache
def _installed_version(distribution: str) -> str:
    # Asking the metadata spares the notebook the seconds that importing torch takes.
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
