"""``checkpoint_s3_uri`` of local jobs: brought here at the start, kept in step with S3 afterwards.

As on SageMaker, files are only ever added or replaced in S3; what a script deletes stays there.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sdt.launch.channels.s3_objects import fetch_channel
from jupyter_sdt.launch.remote.service import Service, find_region
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.launch.remote.training_request import split_s3
from jupyter_sdt.launch.source.locations import list_files
from jupyter_sdt.store.files import make_private_folder, write_json
from jupyter_sdt.store.job_directory import JobDirectory

SYNC_SECONDS = 2.0
# Size and time of change: what differs in one of them is sent again.
_Stamp = tuple[int, int]


@dataclass
class CheckpointSync:
    """One folder and its place in S3. Methods raise boto3's errors."""

    client: Any
    directory: JobDirectory
    uri: str
    _seen: dict[str, _Stamp] = field(default_factory=dict, init=False)

    @property
    def folder(self) -> Path:
        """Where all nodes of the job keep their checkpoints."""
        return self.directory.checkpoints

    def restore(self) -> None:
        """Bring everything here."""
        make_private_folder(self.folder)
        fetch_channel(self.client, f"{self.uri.rstrip('/')}/", "S3Prefix", self.folder)
        self._remember(dict(self._stamps()))

    def send(self, *, settled: bool) -> None:
        """Send what is new or changed; with ``settled`` only what rested since the last call.

        A file that is being written so is not sent half, and not again and again.
        """
        sent, now = self._sent(), dict(self._stamps())
        for name, stamp in now.items():
            if sent.get(name) != stamp and (not settled or self._seen.get(name) == stamp):
                self._send(name)
                sent[name] = stamp
                self._remember(sent)
        self._seen = now

    def _send(self, name: str) -> None:
        bucket, prefix = split_s3(self.uri)
        key = f"{prefix.rstrip('/')}/{name}".lstrip("/")
        self.client.upload_file(str(self.folder / name), bucket, key)

    def _stamps(self) -> Iterator[tuple[str, _Stamp]]:
        for name, path in list_files(self.folder).files:
            try:
                status = path.stat()
            except FileNotFoundError:  # a temporary file of the script
                continue
            yield name, (status.st_size, status.st_mtime_ns)

    def _sent(self) -> dict[str, _Stamp]:
        try:
            told = json.loads(self.directory.sent_checkpoints_file.read_bytes())
        except FileNotFoundError:
            return {}
        return {name: (stamp[0], stamp[1]) for name, stamp in told.items()}

    def _remember(self, sent: dict[str, _Stamp]) -> None:
        write_json(self.directory.sent_checkpoints_file, sent, durable=False)


def keep_in_step(directory: JobDirectory, uri: str) -> None:
    """Send checkpoints until this process is ended; trouble is logged and tried again."""
    told, sync = "", None
    while True:
        try:
            sync = sync or CheckpointSync(Service(find_region()).s3, directory, uri)
            sync.send(settled=True)
        except Exception as error:  # noqa: BLE001 - what counts is the last call, at the end
            line = str(explain(error, resource=f"checkpoint_s3_uri {uri}"))
            if line != told:
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
                told = line
        time.sleep(SYNC_SECONDS)
