"""All measurements of model parallelism, one after the other; the last line holds every figure.

``.venv/bin/python benchmarks/modelparallel/main.py [--quick] [--only pipeline partition ...]``; see
README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("partition", "pipeline", "tensor", "sharded", "memory")
# It counts, and takes as long in either case.
ALWAYS_WHOLE = ("partition",)


def main() -> None:
    """Run the parts; print what they print, and their last lines as one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    arguments = parser.parse_args()
    results: dict[str, float] = {}
    for part in arguments.only:
        options = ["--quick"] if arguments.quick and part not in ALWAYS_WHOLE else []
        results |= run(part, options)
    print(json.dumps(results))


def run(part: str, options: list[str]) -> dict[str, float]:
    """The figures in the last line of ``part``.py; raises CalledProcessError when it fails."""
    print(f"\n{part}", flush=True)
    command = [sys.executable, str(HERE / f"{part}.py"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    found: dict[str, float] = json.loads(last)
    return found


if __name__ == "__main__":
    main()
