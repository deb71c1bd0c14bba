"""``aws s3 cp|sync|ls`` between folders and buckets, for jobs on a machine without the AWS CLI.

https://docs.aws.amazon.com/cli/latest/reference/s3/. Buckets need boto3. Ends with 1 after a
failure, with 252 for a command that is not provided.
"""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

_USAGE = 252  # what the AWS CLI ends with when it cannot parse its arguments
_SCHEME = "s3://"


class Place(ABC):
    """A file or a folder, here or in a bucket; ``files`` are what is below it, with their sizes."""

    @abstractmethod
    def files(self) -> dict[str, int]:
        """Size by relative name; "" for a place that is a file itself."""

    @abstractmethod
    def fetch(self, name: str, target: Path) -> None:
        """Copy one of them to a local file."""

    @abstractmethod
    def store(self, name: str, source: Path) -> None:
        """Take a local file under a name."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete one of them."""


class LocalPlace(Place):
    """On this machine."""

    def __init__(self, word: str) -> None:
        self.path = Path(word.removeprefix("file://")).expanduser()

    def files(self) -> dict[str, int]:
        """Size by relative name."""
        if self.path.is_file():
            return {"": self.path.stat().st_size}
        found = (path for path in sorted(self.path.rglob("*")) if path.is_file())
        return {path.relative_to(self.path).as_posix(): path.stat().st_size for path in found}

    def at(self, name: str) -> Path:
        """Where a file lies, or will."""
        return self.path / name if name else self.path

    def fetch(self, name: str, target: Path) -> None:
        """Copy one of them."""
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.at(name), target)

    def store(self, name: str, source: Path) -> None:
        """Take a file under a name."""
        LocalPlace(str(source)).fetch("", self.at(name))

    def remove(self, name: str) -> None:
        """Delete one of them."""
        self.at(name).unlink()


class BucketPlace(Place):
    """In S3."""

    def __init__(self, word: str) -> None:
        self.bucket, _, self.prefix = word.removeprefix(_SCHEME).partition("/")

    @cached_property
    def _service(self) -> Any:
        try:
            import boto3  # noqa: PLC0415 - only buckets need it
        except ImportError:
            sys.exit("aws: buckets need boto3: pip install boto3")
        return boto3.client("s3")

    def files(self) -> dict[str, int]:
        """Size by relative name."""
        pages = self._service.get_paginator("list_objects_v2")
        sizes = {
            item["Key"]: int(item["Size"])
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix)
            for item in page.get("Contents", ())
        }
        if self.prefix in sizes and not self.prefix.endswith("/"):
            return {"": sizes[self.prefix]}
        folder = self._key(" ")[:-1]
        return {
            key.removeprefix(folder): size
            for key, size in sizes.items()
            if key.startswith(folder) and not key.endswith("/")
        }

    def _key(self, name: str) -> str:
        return f"{self.prefix.rstrip('/')}/{name}".lstrip("/") if name else self.prefix

    def fetch(self, name: str, target: Path) -> None:
        """Download one of them."""
        target.parent.mkdir(parents=True, exist_ok=True)
        self._service.download_file(self.bucket, self._key(name), str(target))

    def store(self, name: str, source: Path) -> None:
        """Upload a file under a name."""
        self._service.upload_file(str(source), self.bucket, self._key(name))

    def remove(self, name: str) -> None:
        """Delete one of them."""
        self._service.delete_object(Bucket=self.bucket, Key=self._key(name))


def place(word: str) -> Place:
    """What a word of the command line names."""
    return BucketPlace(word) if word.startswith(_SCHEME) else LocalPlace(word)


def main(argv: list[str]) -> None:
    """Carry out one command."""
    options = _read(argv)
    names = options.paths
    if options.command == "ls":
        for name, size in place(names[0]).files().items():
            sys.stdout.write(f"{size:>10} {name or names[0].rpartition('/')[2]}\n")
        return
    source, target = (place(word) for word in names)
    transfers = dict(_transfers(options, source, names))
    if not transfers and options.command == "cp":
        sys.exit(f"fatal error: the source path {names[0]} does not exist or is empty")
    kept = target.files() if options.command == "sync" else {}
    for name, stored in transfers.items():
        if options.command == "sync" and kept.get(stored) == source.files()[name]:
            continue
        _copy(source, name, target, stored)
        if not options.quiet:
            sys.stdout.write(f"copy: {names[0]} {name} to {names[1]}\n")
    if options.command == "sync" and options.delete:
        for name in kept.keys() - set(transfers.values()):
            target.remove(name)


def _read(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aws", exit_on_error=True)
    parser.add_argument("service", choices=["s3"])
    parser.add_argument("command", choices=["cp", "sync", "ls"])
    parser.add_argument("paths", nargs="+")
    for flag in ("--recursive", "--delete", "--no-progress", "--no-sign-request"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--quiet", "--only-show-errors", action="store_true")
    for option in ("--exclude", "--include"):
        parser.add_argument(option, action="append", default=[])
    for option in ("--region", "--profile", "--endpoint-url"):
        parser.add_argument(option)
    options = parser.parse_args(argv)
    if len(options.paths) != (1 if options.command == "ls" else 2):
        parser.error(f"{options.command}: wrong number of paths")
    return options


def _transfers(
    options: argparse.Namespace, source: Place, words: list[str]
) -> Iterator[tuple[str, str]]:
    """(name at the source, name at the target) of everything to copy."""
    for name in source.files():
        if name and options.command == "cp" and not options.recursive:
            sys.exit(f"aws: {words[0]} is a folder: add --recursive")
        excluded = any(fnmatch.fnmatch(name, pattern) for pattern in options.exclude)
        if excluded and not any(fnmatch.fnmatch(name, p) for p in options.include):
            continue
        into_folder = words[1].endswith("/") or Path(words[1]).is_dir()
        yield name, name or (words[0].rpartition("/")[2] if into_folder else "")


def _copy(source: Place, name: str, target: Place, stored: str) -> None:
    if isinstance(target, LocalPlace):
        source.fetch(name, target.at(stored))
    elif isinstance(source, LocalPlace):
        target.store(stored, source.at(name))
    else:
        sys.exit("aws: from bucket to bucket is not provided; copy to a folder first")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SystemExit as error:
        sys.exit(_USAGE if error.code == 2 else error.code)
    except OSError as error:
        sys.exit(f"fatal error: {error}")
