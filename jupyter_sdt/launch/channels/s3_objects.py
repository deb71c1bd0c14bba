"""Channels as S3 holds them: everything below a prefix, or what a manifest lists.

``client`` is a boto3 S3 client; its errors are raised as they come.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.training_request import split_s3
from jupyter_sdt.store.files import make_private_folder

# Small objects cost a round trip each, whatever the bandwidth.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedObject:
    """One object: its name in the channel, its URI, bytes, ETag, and when it was changed."""

    name: str
    uri: str
    size: int
    version: str
    changed_ns: int


def fetch_object(client: Any, uri: str, target: Path) -> None:
    """Copy one object to the file ``target``."""
    bucket, key = split_s3(uri)
    make_private_folder(target.parent)
    client.download_file(bucket, key, str(target))


def fetch_channel(client: Any, uri: str, kind: str, folder: Path) -> int:
    """Copy a channel's objects into ``folder`` and return their number.

    ``kind`` is its ``S3DataType``, S3Prefix or ManifestFile. Raises LaunchError for an object whose
    name leads out of the folder.
    """
    found = [
        (source, _target(folder, name, source)) for name, source in list_channel(client, uri, kind)
    ]
    for parent in {target.parent for _, target in found}:
        make_private_folder(parent)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(fetch_object, client, source, target) for source, target in found]
        try:
            for fetched in waiting:
                fetched.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return len(found)


def list_channel(client: Any, uri: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield name in the channel and URI of each of its objects, in the order of S3 or the manifest.

    Raises LaunchError for a manifest that is none.
    """
    return _manifest(client, uri) if kind == "ManifestFile" else _prefix(client, uri)


def manifest_entries(content: bytes, where: str) -> Iterator[tuple[str, str]]:
    """Yield name and URI of what ``[{"prefix": "s3://..."}, "name", ...]`` lists.

    Raises LaunchError for anything else.
    """
    try:
        listed = json.loads(content)
        prefix = str(listed[0]["prefix"])
    except (ValueError, IndexError, KeyError, TypeError):
        raise LaunchError(
            f'{where} is no manifest: its first entry must be {{"prefix": "s3://..."}}'
        ) from None
    yield from ((str(name), prefix + str(name)) for name in listed[1:])


def _target(folder: Path, name: str, source: str) -> Path:
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise LaunchError(f"{source} would be written outside of its channel")
    return target


def list_prefix(client: Any, uri: str) -> Iterator[ListedObject]:
    """Yield all objects whose key begins so, without the marks of empty folders."""
    bucket, prefix = split_s3(uri)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if not key.endswith("/"):
                yield ListedObject(
                    name=key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2],
                    uri=f"s3://{bucket}/{key}",
                    size=int(entry["Size"]),
                    version=str(entry["ETag"]),
                    changed_ns=int(entry["LastModified"].timestamp() * 1e9),
                )


def _prefix(client: Any, uri: str) -> Iterator[tuple[str, str]]:
    yield from ((entry.name, entry.uri) for entry in list_prefix(client, uri))


def _manifest(client: Any, uri: str) -> Iterator[tuple[str, str]]:
    bucket, key = split_s3(uri)
    content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return manifest_entries(content, uri)
