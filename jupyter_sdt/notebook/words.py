"""The words behind the small magics, such as ``%sdt_logs digits-1 --rank 1``."""

from __future__ import annotations

import argparse
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
    return words


LOGS, ATTACH, JOBS = _logs(), _attach(), _jobs()
STOP = Words("%sdt_stop").with_job()
