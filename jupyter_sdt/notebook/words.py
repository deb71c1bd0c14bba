"""The words behind the small magics, such as ``%sdt_logs digits-1 --rank 1``."""

from __future__ import annotations

import argparse
import re
import shlex
from typing import NoReturn

from jupyter_sdt.errors import SpecError


class Words(argparse.ArgumentParser):
    """An argparse parser for one magic; a mistake is a SpecError instead of the process's end."""

    def __init__(self, magic: str) -> None:
        super().__init__(prog=magic, add_help=False, allow_abbrev=False, exit_on_error=False)

    def with_job(self) -> Words:
        """Accept a job's name; the newest job is meant when it is left out."""
        self.add_argument("name", nargs="?")
        return self

    def read(self, line: str) -> argparse.Namespace:
        """Parse the magic's line. Raises SpecError with the usage."""
        try:
            return self.parse_args(shlex.split(line))
        except (argparse.ArgumentError, ValueError) as error:
            self.error(str(error))

    def error(self, message: str) -> NoReturn:
        """Called by argparse for every mistake."""
        usage = " ".join(self.format_usage().split())
        raise SpecError(f"{self.prog}: {message}; {usage}", argument=self.prog)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _period(text: str) -> float:
    """Seconds of ``30min``, ``6h`` or ``2d``."""
    match = re.fullmatch(r"(\d+)(min|h|d)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no period such as 30min, 6h or 2d")
    return int(match[1]) * {"min": 60.0, "h": 3600.0, "d": 86400.0}[match[2]]


def _logs() -> Words:
    words = Words("%sdt_logs").with_job()
    words.add_argument("--rank", type=int, metavar="N")
    words.add_argument("--tail", type=_count, default=100, metavar="K")
    words.add_argument("--follow", action="store_true")
    return words


def _attach() -> Words:
    words = Words("%sdt_attach").with_job()
    words.add_argument("--no-wait", action="store_true")
    return words


def _jobs() -> Words:
    words = Words("%sdt_jobs")
    words.add_argument("--last", type=_count, default=20, metavar="N")
    words.add_argument("--remote", action="store_true")
    words.add_argument("--name", default="", metavar="PART")
    words.add_argument("--status", default="", metavar="STATUS")
    words.add_argument("--since", type=_period, metavar="2d")
    words.add_argument("--region", metavar="REGION")
    return words


LOGS, ATTACH, JOBS = _logs(), _attach(), _jobs()
STOP = Words("%sdt_stop").with_job()
