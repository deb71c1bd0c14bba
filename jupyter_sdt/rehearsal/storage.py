"""S3 and CloudWatch Logs as the container reaches them: boto3 clients of the rehearsal's server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_sdt.launch.channels.s3_objects import fetch_channel, fetch_object
from jupyter_sdt.launch.remote.training_request import split_s3

# Of nobody: moto takes any, and puts everything into one account.
CREDENTIALS = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}


@dataclass
class Storage:
    """The services at ``url`` in one region. Methods raise boto3's errors."""

    url: str
    region: str

    def client(self, name: str) -> Any:
        """A boto3 client."""
        import boto3  # noqa: PLC0415 - with the extra only

        session = boto3.Session(region_name=self.region, **CREDENTIALS)
        return session.client(name, endpoint_url=self.url)

    def fetch(self, uri: str, target: Path) -> None:
        """Copy one object to the file ``target``."""
        fetch_object(self._s3, uri, target)

    def fetch_channel(self, uri: str, folder: Path, kind: str = "S3Prefix") -> int:
        """Copy what a channel names into ``folder``; returns the number of objects."""
        return fetch_channel(self._s3, uri, kind, folder)

    def put(self, path: Path, uri: str) -> None:
        """Copy a file to S3."""
        bucket, key = split_s3(uri)
        self._s3.upload_file(str(path), bucket, key)

    def put_folder(self, folder: Path, uri: str) -> None:
        """Copy every file of a folder below ``uri``."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}")

    @cached_property
    def _s3(self) -> Any:
        return self.client("s3")
