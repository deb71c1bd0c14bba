"""What a job runs on, so that it can be told a month later: interpreter, packages, machine."""

from __future__ import annotations

import functools
import os
import platform
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil

from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.node.devices import count_cpus, gpu_names
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.files import write_json
from jupyter_sdt.store.job_directory import JobDirectory

_CPU_FILE = Path("/proc/cpuinfo")
# The first processor's lines; the kernel makes the text as it is read, and there may be many.
_CPU_BYTES = 4096
# https://packaging.python.org/en/latest/specifications/recording-installed-packages/
_PACKAGE = re.compile(r"([^-]+)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")


def record_conditions(spec: JobSpec, directory: JobDirectory, plan: LaunchPlan) -> None:
    """Write conditions.json for a job whose ranks are there. Raises OSError on a full disk."""
    environment = plan.processes[0].environment if plan.processes else {}
    write_json(directory.conditions_file, conditions(spec, environment), durable=False)


def conditions(spec: JobSpec, environment: Mapping[str, str]) -> dict[str, Any]:
    """Describe this process's Python and this machine, as conditions.json has them.

    ``environment`` is a rank's: folders on its PYTHONPATH come first. It takes some milliseconds:
    nothing is imported and no package's metadata is read.
    """
    folders = [*environment.get("PYTHONPATH", "").split(os.pathsep), *sys.path]
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "system": _system(),
        "host": socket.gethostname(),
        "cpu": cpu_model(),
        "cpus": count_cpus(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": gpu_names(spec),
        "packages": installed_packages(folders),
    }


def installed_packages(folders: Iterable[str]) -> dict[str, str]:
    """Return version by normalised name; of two the one that is imported, which comes first."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(filter(None, folders)):
        for name in _entries(folder):
            if match := _PACKAGE.fullmatch(name):
                found.setdefault(re.sub(r"[-_.]+", "-", match[1]).lower(), match[2])
    return dict(sorted(found.items()))


@functools.cache
def cpu_model(cpu_file: Path = _CPU_FILE) -> str:
    """The processor's name as its maker gives it, or the architecture's."""
    try:
        with cpu_file.open() as file:
            lines = file.read(_CPU_BYTES).splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _entries(folder: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except OSError:  # an archive, or gone
        return []


def _system() -> str:
    kernel = f"{platform.system()} {platform.release()} {platform.machine()}"
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {kernel}"
    except (OSError, KeyError):
        return kernel
