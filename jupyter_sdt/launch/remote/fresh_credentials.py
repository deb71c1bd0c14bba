"""Fresh credentials for a supervisor that was started with some that have expired.

A supervisor finds renewed files of AWS by itself. Variables of the environment it has got once and
for all, so whoever has new ones hands them over: through a socket, from memory to memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.nursery.address import private_folder
from jupyter_sdt.launch.nursery.request import same_user
from jupyter_sdt.store.job_directory import JobDirectory

_PREFIX = "AWS_"
_LONGEST_BYTES = 1_000_000
_SECONDS = 2.0


@dataclass(slots=True)
class CredentialsDoor:
    """The supervisor's side: open while credentials are missing."""

    directory: JobDirectory
    _listener: socket.socket | None = field(default=None, init=False)

    def open(self) -> None:
        """Begin to listen; without a private folder for the socket, nothing is opened."""
        if self._listener is not None:
            return
        with contextlib.suppress(OSError, LaunchError):
            path = _address(self.directory)
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            listener.listen(1)
            listener.setblocking(False)
            self._listener = listener

    def take(self) -> bool:
        """Put credentials that somebody brought into our environment; False when nobody came."""
        if self._listener is None:
            return False
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return False
        with connection:
            given = _received(connection)
        if not given:
            return False
        for name in [name for name in os.environ if name.startswith(_PREFIX)]:
            del os.environ[name]
        os.environ.update(given)
        return True

    def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            with contextlib.suppress(OSError, LaunchError):
                _address(self.directory).unlink(missing_ok=True)


def bring_credentials(directory: JobDirectory, environment: Mapping[str, str]) -> bool:
    """Hand the ``AWS_*`` variables to a supervisor that waits for them; False when none does."""
    given = {name: text for name, text in environment.items() if name.startswith(_PREFIX)}
    try:
        path = _address(directory)
        if not given or not stat.S_ISSOCK(path.lstat().st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(str(path))
            connection.sendall(json.dumps(given).encode())
    except (OSError, LaunchError):
        return False
    return True


def _received(connection: socket.socket) -> dict[str, str]:
    if not same_user(connection):
        return {}
    connection.settimeout(_SECONDS)
    content = bytearray()
    try:
        while len(content) < _LONGEST_BYTES and (part := connection.recv(65536)):
            content += part
        told = json.loads(content)
    except (OSError, ValueError):
        return {}
    pairs = told.items() if isinstance(told, dict) else ()
    return {str(name): str(text) for name, text in pairs if str(name).startswith(_PREFIX)}


def _address(directory: JobDirectory) -> Path:
    digest = hashlib.blake2b(os.fsencode(directory.path.absolute()), digest_size=10)
    return private_folder() / f"{digest.hexdigest()}.aws"
