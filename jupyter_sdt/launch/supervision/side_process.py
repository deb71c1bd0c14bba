"""Work for a local job in a process of its own: boto3 starts threads, and the supervisor forks.

A module that works so has ``main(arguments) -> int`` and tells what went wrong on stderr.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from jupyter_sdt.errors import LaunchError, SdtError

_LOOK_SECONDS = 0.1


def run_aside(module: str, *arguments: str, stopped: Callable[[], bool] | None = None) -> str:
    """Run ``python -m jupyter_sdt.launch.MODULE`` to its end and return what it printed.

    Raises LaunchError with what it told, or when ``stopped()`` says so meanwhile.
    """
    command = [sys.executable, "-P", "-m", f"jupyter_sdt.launch.{module}", *arguments]
    with subprocess.Popen(
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told, wrong = _wait(process, stopped)
        if process.returncode:
            lines = wrong.strip() or f"{module} ended with exit code {process.returncode}"
            raise LaunchError(lines)
    return told


def _wait(process: subprocess.Popen[str], stopped: Callable[[], bool] | None) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if stopped is not None and stopped():
                process.terminate()
                raise LaunchError("stopped while data was being copied from S3") from None


def tell(work: Callable[[], None]) -> int:
    """Do ``work`` and return an exit code; what goes wrong is told on stderr in one line."""
    try:
        work()
    except SdtError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
