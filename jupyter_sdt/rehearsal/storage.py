"""S3 and CloudWatch Logs as the container reaches them: boto3 clients of the rehearsal's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_sdt.launch.training_request import split_s3
from jupyter_sdt.store.files import make_private_folder

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

    def fetch(self, uri: str, target: Path) -> Path:
        """Copy one object to the file ``target``."""
        bucket, key = split_s3(uri)
        make_private_folder(target.parent)
        self._s3.download_file(bucket, key, str(target))
        return target

    def fetch_prefix(self, uri: str, folder: Path) -> int:
        """Copy every object whose key begins with ``uri`` into ``folder``; returns their number."""
        bucket, prefix = split_s3(uri)
        fetched = 0
        for key in self.keys(bucket, prefix):
            name = key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2]
            fetched += self._fetch_below(bucket, key, folder, name)
        return fetched

    def fetch_manifest(self, uri: str, folder: Path) -> int:
        """Copy what a ManifestFile lists: ``[{"prefix": "s3://..."}, "name", ...]``."""
        bucket, key = split_s3(uri)
        listed = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        bucket, prefix = split_s3(listed[0]["prefix"])
        return sum(self._fetch_below(bucket, prefix + name, folder, name) for name in listed[1:])

    def keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the keys of all objects below a prefix, without the marks of empty folders."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            yield from (o["Key"] for o in page.get("Contents", ()) if not o["Key"].endswith("/"))

    def put(self, path: Path, uri: str) -> None:
        """Copy a file to S3."""
        bucket, key = split_s3(uri)
        self._s3.upload_file(str(path), bucket, key)

    def put_folder(self, folder: Path, uri: str) -> None:
        """Copy every file of a folder below ``uri``."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}")

    def _fetch_below(self, bucket: str, key: str, folder: Path, name: str) -> int:
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"s3://{bucket}/{key} would be written outside of its channel")
        make_private_folder(target.parent)
        self._s3.download_file(bucket, key, str(target))
        return 1

    @cached_property
    def _s3(self) -> Any:
        return self.client("s3")
