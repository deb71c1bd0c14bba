"""What all our REST handlers have in common: JSON out, errors told, blocking work in threads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from jupyter_server.base.handlers import APIHandler

from jupyter_sdt.errors import SpecError
from jupyter_sdt.server.answers import error_body, refusing

P = ParamSpec("P")
T = TypeVar("T")

# What an Authorizer of jupyter_server is asked about, with read, write or execute.
RESOURCE = "jupyter_sdt"


class JobsHandler(APIHandler):
    """Base of the REST handlers."""

    auth_resource = RESOURCE

    @property
    def root(self) -> Path:
        """The folder that the server serves."""
        return Path(self.settings["server_root_dir"]).expanduser()

    async def run(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call something that reads or writes files, in a thread; our errors become answers."""
        with refusing():
            return await asyncio.to_thread(partial(function, *arguments, **keywords))

    def answer(self, body: Any, status: int = 200) -> None:
        """Send ``body`` as JSON."""
        self.set_status(status)
        # Jobs change all the time: no cache may keep what was said about them.
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(body, allow_nan=False))

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**62) -> int:
        """Return a query argument as an integer. Answers 422 when it is none, or out of range."""
        text = self.get_query_argument(name, str(default))
        with refusing():
            try:
                value = int(text)
            except ValueError:
                value = least - 1
            if not least <= value <= most:
                raise SpecError(
                    f"{name}={text[:40]!r} must be a whole number from {least} to {most}",
                    argument=name,
                )
        return value

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send an error as JSON; nothing of an unexpected one leaves the server's log."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        self.set_status(status_code)
        self.finish(json.dumps(error_body(error)))
