"""``aws s3 cp|sync|ls`` of folders and buckets, for jobs on a machine without the AWS CLI.

https://docs.aws.amazon.com/cli/latest/reference/s3/. Buckets need boto3. Ends with 1 after a
failure, with 252 for a command that is not provided.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

_USAGE = 252  # what the AWS CLI ends with when it cannot parse its arguments
_SCHEME = "s3://"


class Version(NamedTuple):
    """What of a file tells whether it has changed: bytes, and seconds since 1970."""

    size: int
    modified: float


class Place(ABC):
    """A file or a folder, here or in a bucket; ``files`` are what is below it."""

    @abstractmethod
    def files(self) -> dict[str, Version]:
        """Versions by relative name; "" for a place that is a file itself."""

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

    def files(self) -> dict[str, Version]:
        """Versions by relative name."""
        if self.path.is_file():
            return {"": _version(self.path)}
        found = (path for path in sorted(self.path.rglob("*")) if path.is_file())
        return {path.relative_to(self.path).as_posix(): _version(path) for path in found}

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


def _version(path: Path) -> Version:
    found = path.stat()
    return Version(found.st_size, found.st_mtime)


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

    def pages(self, **named: str) -> Any:
        """What S3 says of objects whose keys begin with the prefix, page by page."""
        pages = self._service.get_paginator("list_objects_v2")
        return pages.paginate(Bucket=self.bucket, Prefix=self.prefix, **named)

    def files(self) -> dict[str, Version]:
        """Versions by relative name."""
        found = {
            item["Key"]: Version(int(item["Size"]), item["LastModified"].timestamp())
            for page in self.pages()
            for item in page.get("Contents", ())
        }
        if self.prefix in found and not self.prefix.endswith("/"):
            return {"": found[self.prefix]}
        folder = self._key(" ")[:-1]
        return {
            key.removeprefix(folder): version
            for key, version in found.items()
            if key.startswith(folder) and not key.endswith("/")
        }

    def _key(self, name: str) -> str:
        return f"{self.prefix.rstrip('/')}/{name}".lstrip("/") if name else self.prefix

    def fetch(self, name: str, target: Path) -> None:
        """Download one of them."""
        target.parent.mkdir(parents=True, exist_ok=True)
        self._service.download_file(self.bucket, self._key(name), str(target))
        # As new as the object, so that sync sees what is changed here later.
        found = self._service.head_object(Bucket=self.bucket, Key=self._key(name))
        modified = found["LastModified"].timestamp()
        os.utime(target, (modified, modified))

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
        sys.exit(not _list(BucketPlace(names[0]), recursive=options.recursive))
    source, target = (place(word) for word in names)
    given = source.files()
    transfers = dict(_transfers(options, given, names))
    if not transfers and options.command == "cp":
        sys.exit(f"fatal error: the source path {names[0]} does not exist or is empty")
    kept = target.files() if options.command == "sync" else {}
    for name, stored in transfers.items():
        if stored in kept and not _differs(given[name], kept[stored], names):
            continue
        _copy(source, name, target, stored)
        if not options.quiet:
            sys.stdout.write(f"copy: {names[0]} {name} to {names[1]}\n")
    if options.command == "sync" and options.delete:
        for name in kept.keys() - set(transfers.values()):
            target.remove(name)


def _list(there: BucketPlace, *, recursive: bool) -> bool:
    """Write objects below a prefix, or objects and folders at it; return whether there are any."""
    lines = []
    for page in there.pages(**({} if recursive else {"Delimiter": "/"})):
        hidden = 0 if recursive else there.prefix.rfind("/") + 1
        folders = [each["Prefix"][hidden:] for each in page.get("CommonPrefixes", ())]
        lines += [f"{'PRE':>30} {folder}\n" for folder in folders]
        for item in page.get("Contents", ()):
            when, name = item["LastModified"].astimezone(), item["Key"][hidden:]
            lines.append(f"{when:%Y-%m-%d %H:%M:%S} {item['Size']:>10} {name}\n")
    sys.stdout.writelines(lines)
    return bool(lines)


def _read(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="aws", exit_on_error=True)
    parser.add_argument("service", choices=["s3"])
    parser.add_argument("command", choices=["cp", "sync", "ls"])
    parser.add_argument("paths", nargs="+")
    for flag in ("--recursive", "--delete", "--no-progress", "--no-sign-request"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--quiet", "--only-show-errors", action="store_true")
    for option in ("--exclude", "--include"):
        named = partial(_filter, option)
        parser.add_argument(option, dest="filters", action="append", type=named, default=[])
    for option in ("--region", "--profile", "--endpoint-url"):
        parser.add_argument(option)
    options = parser.parse_args(argv)
    if len(options.paths) != (1 if options.command == "ls" else 2):
        parser.error(f"{options.command}: wrong number of paths")
    return options


def _filter(option: str, pattern: str) -> tuple[bool, str]:
    return option == "--include", pattern


def _wanted(name: str, filters: list[tuple[bool, str]]) -> bool:
    """The last filter that fits a name decides."""
    fitting = [included for included, pattern in filters if fnmatch.fnmatch(name, pattern)]
    return not fitting or fitting[-1]


def _transfers(
    options: argparse.Namespace, given: dict[str, Version], words: list[str]
) -> Iterator[tuple[str, str]]:
    """(name at the source, name at the target) of everything to copy."""
    whole_bucket = words[1].startswith(_SCHEME) and "/" not in words[1].removeprefix(_SCHEME)
    into_folder = whole_bucket or words[1].endswith("/") or Path(words[1]).is_dir()
    for name in given:
        if name and options.command == "cp" and not options.recursive:
            sys.exit(f"aws: {words[0]} is a folder: add --recursive")
        if _wanted(name or words[0].rpartition("/")[2], options.filters):
            yield name, name or (words[0].rpartition("/")[2] if into_folder else "")


def _differs(given: Version, kept: Version, words: list[str]) -> bool:
    """Whether sync copies: another size, or a newer file here, whichever side that is."""
    downloads = words[0].startswith(_SCHEME)
    here, there = (kept, given) if downloads else (given, kept)
    return given.size != kept.size or here.modified > there.modified


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
