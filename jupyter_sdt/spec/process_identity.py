"""Telling a process from a later one that got the same pid."""

from __future__ import annotations

from pathlib import Path


def start_ticks(pid: int) -> str:
    """When ``pid`` was started, as the kernel counts it; empty when that cannot be read.

    Field 22 of ``/proc/PID/stat`` (proc_pid_stat(5)), in clock ticks since boot: it does not
    move when somebody sets the clock, and with the pid it names one process for good.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The command name, in parentheses, may itself hold spaces and parentheses.
    return text.rpartition(")")[2].split()[19]
