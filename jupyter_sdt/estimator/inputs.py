"""What ``fit(inputs)`` accepts, and the channels it becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import Any, Literal

from jupyter_sdt.errors import SpecError, did_you_mean
from jupyter_sdt.estimator.uris import resolve_uri
from jupyter_sdt.spec.job_spec import Channel, DataDistribution, InputMode

DEFAULT_CHANNEL = "training"
# ChannelName in the SageMaker API, and how many of them a job may have.
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAXIMUM_CHANNELS = 20
S3DataType = Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"]


@dataclass(frozen=True, slots=True)
class TrainingInput:
    """One channel, in SageMaker's words.

    ``s3_data`` is a path, ``file://`` or ``s3://``; ``input_mode`` overrides the Estimator's.
    ``shuffle_config`` is a seed or SageMaker's ``ShuffleConfig``.
    https://sagemaker.readthedocs.io/en/stable/api/utility/inputs.html. Raises SpecError.
    """

    s3_data: str | PathLike[str]
    distribution: DataDistribution | None = None
    compression: Literal["None", "Gzip"] | None = None
    content_type: str | None = None
    record_wrapping: Literal["None", "RecordIO"] | None = None
    s3_data_type: S3DataType = "S3Prefix"
    instance_groups: list[str] | None = None
    input_mode: InputMode | None = None
    attribute_names: list[str] | None = None
    target_attribute_name: str | None = None
    shuffle_config: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.s3_data, (str, PathLike)):
            raise SpecError(f"s3_data={self.s3_data!r} must be a path or URI", argument="s3_data")
        _choice("distribution", self.distribution, "FullyReplicated", "ShardedByS3Key")
        _choice("compression", self.compression, "None", "Gzip")
        _choice("record_wrapping", self.record_wrapping, "None", "RecordIO")
        _choice("input_mode", self.input_mode, "File", "Pipe", "FastFile")
        _choice("s3_data_type", self.s3_data_type, *S3DataType.__args__)  # type: ignore[attr-defined]

    @property
    def shuffle_seed(self) -> int | None:
        """The seed of ``shuffle_config``, or None."""
        seed = getattr(self.shuffle_config, "seed", self.shuffle_config)
        if seed is None or (isinstance(seed, int) and not isinstance(seed, bool)):
            return seed
        raise SpecError(
            f"shuffle_config={self.shuffle_config!r} must be a seed", argument="shuffle_config"
        )


@dataclass(frozen=True, slots=True)
class FileSystemInput:
    """A channel on FSx for Lustre or EFS. Raises SpecError.

    Local nodes read it where ``SDT_FILE_SYSTEMS=fs-0123=/mnt/efs`` says that it is mounted.
    """

    file_system_id: str
    file_system_type: Literal["FSxLustre", "EFS"]
    directory_path: str
    file_system_access_mode: Literal["ro", "rw"] = "ro"
    content_type: str | None = None

    def __post_init__(self) -> None:
        _choice("file_system_type", self.file_system_type, "FSxLustre", "EFS")
        _choice("file_system_access_mode", self.file_system_access_mode, "ro", "rw")
        if not str(self.directory_path).startswith("/"):
            raise SpecError(
                f"directory_path={self.directory_path!r} must begin with /",
                argument="directory_path",
            )


Input = str | PathLike[str] | TrainingInput | FileSystemInput
Inputs = Input | Mapping[str, Input] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReader:
    """Turns inputs into channels: the Estimator's ``input_mode``, and whether nodes are local."""

    local: bool
    input_mode: InputMode = "File"
    extra: Mapping[str, str] = field(default_factory=dict)

    def read(self, inputs: Inputs) -> tuple[Channel, ...]:
        """Return the channels in the order given, ``extra`` ones (a model) last.

        Relative paths become absolute. Raises SpecError for a type, name, scheme or path that
        cannot be right.
        """
        named = self._named(inputs)
        for name in self.extra:
            if name in named:
                raise SpecError(
                    f"the channel {name!r} is given twice: in inputs and by model_uri; set "
                    "model_channel_name to another name",
                    argument="inputs",
                )
        everything: dict[str, Any] = {**named, **self.extra}
        if len(everything) > _MAXIMUM_CHANNELS:
            raise SpecError(
                f"inputs: {len(everything)} channels, SageMaker has at most {_MAXIMUM_CHANNELS}",
                argument="inputs",
            )
        return tuple(self._channel(name, value) for name, value in everything.items())

    @staticmethod
    def _named(inputs: Any) -> Mapping[str, Any]:
        if inputs is None:
            return {}
        named = inputs if isinstance(inputs, Mapping) else {DEFAULT_CHANNEL: inputs}
        for name in named:
            if not isinstance(name, str) or not _CHANNEL_NAME.fullmatch(name):
                raise SpecError(
                    f"inputs: channel name {name!r} must be 1 to 64 letters, digits, '.', '_' "
                    "or '-'",
                    argument="inputs",
                )
        return named

    def _channel(self, name: str, value: Any) -> Channel:
        value = _as_ours(value)
        if isinstance(value, FileSystemInput):
            return _file_system_channel(name, value)
        if isinstance(value, (str, PathLike)):
            value = TrainingInput(value)
        if not isinstance(value, TrainingInput):
            raise SpecError(
                f"inputs: channel {name!r} is a {type(value).__name__}; give a path, a URI, a "
                "TrainingInput or a FileSystemInput, or a dict of them by channel name",
                argument="inputs",
            )
        return self._training_channel(name, value)

    def _training_channel(self, name: str, given: TrainingInput) -> Channel:
        where = f"inputs[{name!r}]"
        return Channel(
            name=name,
            uri=resolve_uri(fspath(given.s3_data), where, local=self.local, must_exist=True),
            input_mode=given.input_mode or self.input_mode,
            distribution=given.distribution or "FullyReplicated",
            content_type=given.content_type or "",
            compression="" if given.compression == "None" else given.compression or "",
            record_wrapping="" if given.record_wrapping == "None" else given.record_wrapping or "",
            shuffle_seed=given.shuffle_seed,
            sagemaker=_sagemaker_fields(given),
        )


def _as_ours(value: Any) -> Any:
    """Inputs of SageMaker's SDK (s3_input of 1.x, too) hold the API's Channel; others as given."""
    config = getattr(value, "config", None)
    if not isinstance(config, Mapping) or "DataSource" not in config:
        return value
    if system := config["DataSource"].get("FileSystemDataSource"):
        return FileSystemInput(
            file_system_id=system["FileSystemId"],
            file_system_type=system["FileSystemType"],
            directory_path=system["DirectoryPath"],
            file_system_access_mode=system["FileSystemAccessMode"],
            content_type=config.get("ContentType"),
        )
    source = config["DataSource"]["S3DataSource"]
    return TrainingInput(
        source["S3Uri"],
        distribution=source.get("S3DataDistributionType"),
        compression=config.get("CompressionType"),
        content_type=config.get("ContentType"),
        record_wrapping=config.get("RecordWrapperType"),
        s3_data_type=source.get("S3DataType", "S3Prefix"),
        instance_groups=source.get("InstanceGroupNames"),
        input_mode=config.get("InputMode"),
        attribute_names=source.get("AttributeNames"),
        target_attribute_name=config.get("TargetAttributeName"),
        shuffle_config=config.get("ShuffleConfig", {}).get("Seed"),
    )


def _sagemaker_fields(given: TrainingInput) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "s3_data_type": None if given.s3_data_type == "S3Prefix" else given.s3_data_type,
        "instance_groups": given.instance_groups and list(given.instance_groups),
        "attribute_names": given.attribute_names and list(given.attribute_names),
        "target_attribute_name": given.target_attribute_name,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _file_system_channel(name: str, given: FileSystemInput) -> Channel:
    return Channel(
        name=name,
        uri=f"{given.file_system_type.lower()}://{given.file_system_id}{given.directory_path}",
        content_type=given.content_type or "",
        sagemaker={
            "FileSystemDataSource": {
                "FileSystemId": given.file_system_id,
                "FileSystemType": given.file_system_type,
                "DirectoryPath": given.directory_path,
                "FileSystemAccessMode": given.file_system_access_mode,
            }
        },
    )


def _choice(name: str, value: str | None, *known: str) -> None:
    if value is not None and value not in known:
        raise SpecError(
            f"{name}={value!r} must be one of {', '.join(map(repr, known))}"
            f"{did_you_mean(str(value), known)}",
            argument=name,
        )
