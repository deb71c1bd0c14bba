"""The interpreters: the project's own, and one with the peers that shares its torch."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BUILD = PROJECT / "build" / "benchmarks"
PYTHON = Path(sys.executable)
PEERS = ("accelerate==1.15.0", "nbdistributed==0.1.0", "ipyparallel==9.2.0")


def peers_python() -> Path:
    """The peers' interpreter; installs them into build/benchmarks/peers on the first call.

    A .pth line shows them the project's packages, torch among them, so that all ways of launching
    import the same files.
    """
    home = BUILD / "peers"
    python, done = home / "bin" / "python", home / "installed.txt"
    if done.exists() and done.read_text() == "\n".join(PEERS):
        return python
    print(f"installing {', '.join(PEERS)} into {home}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    packages = home / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=True)
    done.write_text("\n".join(PEERS))
    return python
