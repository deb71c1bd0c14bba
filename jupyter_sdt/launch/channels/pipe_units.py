"""What a Pipe channel streams: its objects, or what the lines of a manifest name, in order.

A unit is what is dealt out and shuffled as a whole: an object, or a line of an augmented manifest
with all its attributes. https://docs.aws.amazon.com/sagemaker/latest/dg/augmented-manifest.html
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.local_channels import channel_objects
from jupyter_sdt.launch.channels.s3_objects import list_channel
from jupyter_sdt.launch.channels.s3_streams import open_object
from jupyter_sdt.launch.remote.service import Service, find_region
from jupyter_sdt.launch.remote.service_errors import explain
from jupyter_sdt.launch.source.locations import absolute_path
from jupyter_sdt.spec.job_spec import Channel

# A file of this machine, the URI of an object, or a value that a manifest holds itself.
Part = Path | str | bytes
Unit = tuple[Part, ...]


@dataclass
class Sources:
    """Opens parts; a client of S3 is made when the first object is opened.

    That is in the feeder: boto3 has threads, which no process that forks may have.
    """

    def open(self, part: Part) -> BinaryIO:
        """Open a part for reading. Raises OSError or LaunchError."""
        if isinstance(part, bytes):
            return io.BytesIO(part)
        if isinstance(part, Path):
            return part.open("rb")
        return cast("BinaryIO", open_object(self.client, part))

    @cached_property
    def client(self) -> Any:
        """A boto3 client of S3."""
        return Service(find_region()).s3

    def units(self, channel: Channel) -> tuple[Unit, ...]:
        """Return everything a channel holds. Raises LaunchError naming the channel."""
        if kind_of(channel) == "AugmentedManifestFile":
            return tuple(self._augmented(channel))
        if not channel.uri.startswith("s3://"):
            return tuple((path,) for _, path in channel_objects(channel))
        try:
            listed = list(list_channel(self.client, channel.uri, kind_of(channel)))
        except LaunchError:
            raise
        except Exception as error:  # noqa: BLE001 - boto3's, whose classes cannot be named
            raise explain(error, resource=named(channel)) from None
        return tuple((uri,) for _, uri in listed)

    def _augmented(self, channel: Channel) -> Iterator[Unit]:
        names: Sequence[str] = channel.sagemaker.get("attribute_names", ())
        try:
            manifest = self.open(_manifest_of(channel))
        except (OSError, LaunchError) as error:
            raise LaunchError(f"inputs[{channel.name!r}]: {error}") from None
        with manifest as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    where = f"{named(channel)}, line {number}"
                    yield tuple(_attributes(_object(line, where), names, where))


def kind_of(channel: Channel) -> str:
    """A channel's ``S3DataType``."""
    return str(channel.sagemaker.get("s3_data_type", "S3Prefix"))


def named(channel: Channel) -> str:
    """A channel as messages name it."""
    return f"inputs[{channel.name!r}] at {channel.uri}"


def _manifest_of(channel: Channel) -> Part:
    if channel.uri.startswith("s3://"):
        return channel.uri
    return absolute_path(channel.uri, argument=f"channel {channel.name!r}")


def _object(line: bytes, where: str) -> Mapping[str, Any]:
    try:
        read = json.loads(line)
    except ValueError as error:
        raise LaunchError(f"{where} is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise LaunchError(f"{where} is no JSON object: {read!r:.60}")
    return read


def _attributes(line: Mapping[str, Any], names: Sequence[str], where: str) -> Iterator[Part]:
    """Values in the order of ``AttributeNames``: of ``-ref`` the object, of others the value.

    Text is streamed as it is, everything else as JSON.
    """
    for name in names:
        if name not in line:
            raise LaunchError(f"{where} has no attribute {name!r}; it has {', '.join(line)}")
        value = line[name]
        if name.endswith("-ref"):
            yield value if str(value).startswith("s3://") else absolute_path(value, argument=where)
        else:
            yield (value if isinstance(value, str) else json.dumps(value)).encode()
