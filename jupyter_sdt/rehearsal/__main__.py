"""``python -m jupyter_sdt.rehearsal``: a rehearsed AWS until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from jupyter_sdt.errors import SdtError
from jupyter_sdt.rehearsal.conditions import Conditions
from jupyter_sdt.rehearsal.service import Rehearsal, rehearse


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; prints what to export first. Returns the exit code."""
    given = _parser().parse_args(argv)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        conditions = Conditions(
            quotas=dict(given.quota),
            prices=dict(given.price),
            starting_seconds=given.starting_seconds,
            interrupt_after_seconds=given.interrupt_after_seconds,
            throttle_every=given.throttle_every,
            most_processes=given.most_processes,
        )
        with rehearse(port=given.port, conditions=conditions, region=given.region) as rehearsal:
            _tell(rehearsal)
            ended.wait()
            sys.stdout.write("stopping the jobs that still run\n")
    except (SdtError, OSError) as error:
        sys.stderr.write(f"rehearsal: {error}\n")
        return 1
    return 0


def _tell(rehearsal: Rehearsal) -> None:
    lines = [f"export {name}={value}" for name, value in rehearsal.environment.items()]
    sys.stdout.write("\n".join([*lines, "# serving until Ctrl-C", ""]))
    sys.stdout.flush()


def _quota(text: str) -> tuple[str, int]:
    kind, _, count = text.partition("=")
    return kind, int(count)


def _price(text: str) -> tuple[str, float]:
    kind, _, price = text.partition("=")
    return kind, float(price)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m jupyter_sdt.rehearsal", description="Amazon SageMaker, rehearsed here."
    )
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--quota", type=_quota, action="append", default=[], metavar="TYPE=COUNT")
    parser.add_argument("--price", type=_price, action="append", default=[], metavar="TYPE=USD")
    parser.add_argument("--starting-seconds", type=float, default=1.0)
    parser.add_argument("--interrupt-after-seconds", type=float)
    parser.add_argument("--throttle-every", type=int, default=0)
    parser.add_argument("--most-processes", type=int, default=2)
    return parser


if __name__ == "__main__":
    sys.exit(main())
