"""The peer: SageMaker's own SDK, last of its second line, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PEER = "sagemaker==2.257.6"


def sdk_python() -> Path:
    """Its interpreter; installs it into build/benchmarks/sagemaker on the first call."""
    home = PROJECT / "build" / "benchmarks" / "sagemaker"
    python, done = home / "bin" / "python", home / "installed.txt"
    if not done.exists() or done.read_text() != PEER:
        print(f"installing {PEER} into {home}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER], check=True)
        done.write_text(PEER)
    return python
