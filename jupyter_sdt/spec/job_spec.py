"""All that is needed to run one job, as frozen data that goes through JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.instance_groups import current_groups

InputMode = Literal["File", "Pipe", "FastFile"]
DataDistribution = Literal["FullyReplicated", "ShardedByS3Key"]
HyperparameterStyle = Literal["sagemaker", "json", "switch"]
# As ``requirements``: install nothing, not even the source folder's requirements.txt.
NO_REQUIREMENTS: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One named input of a job.

    ``uri`` is an absolute path, ``file://`` or ``s3://``. The other fields are SageMaker's
    ``Channel`` and ``S3DataSource``:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html
    """

    name: str
    uri: str
    input_mode: InputMode = "File"
    distribution: DataDistribution = "FullyReplicated"
    content_type: str = ""
    compression: str = ""
    record_wrapping: str = ""
    shuffle_seed: int | None = None
    # What matters only to SageMaker: s3_data_type, attribute_names, FileSystemDataSource, ...
    sagemaker: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition:
    """A regular expression whose first group is read as the metric ``name`` from the logs."""

    name: str
    regex: str

    @property
    def finds_nothing(self) -> bool:
        """Whether it is plain text, such as the "<><><>" of published notebooks: no number."""
        return not set(self.regex) & set(r"\.^$*+?{}[]|()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The notebook cell an entry point was made from; line numbers are kept one to one.

    ``cell_id`` is the notebook format's, empty where the front end did not tell.
    """

    execution_count: int | None = None
    notebook: str = ""
    cell_id: str = ""

    @property
    def label(self) -> str:
        """``Cell In[7]``, as IPython calls it in tracebacks."""
        return f"Cell In[{self.execution_count if self.execution_count is not None else ' '}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPoint:
    """The place of a job in a scaling study."""

    study_name: str
    world_size: int
    repeat: int
    scaling: Literal["strong", "weak"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job, complete: what the user asked for after every default was filled in.

    ``entry_point`` is relative to ``source/`` in the job directory; ``entry_point_file`` is the
    file it was copied from, empty for a cell. ``environment`` holds only
    what the user gave and nothing secret; ``secret_names`` are handed to the ranks through the
    supervisor's own environment and never written to a file. ``sagemaker`` holds the Estimator
    arguments that matter only to SageMaker (role, volume_size, subnets, ...), as given.
    """

    job_name: str
    entry_point: str
    python: str
    created_seconds: float
    source_dir: str = ""
    entry_point_file: str = ""
    instance_type: str = "local"
    instance_count: int = 1
    distribution: Distribution = field(default_factory=Distribution)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    hyperparameter_style: HyperparameterStyle = "sagemaker"
    channels: tuple[Channel, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    metric_definitions: tuple[MetricDefinition, ...] = ()
    requirements: str = ""
    checkpoint_uri: str = ""
    output_path: str = ""
    max_run_seconds: float = 86400
    stop_seconds: float = 120
    hang_seconds: float | None = None
    max_restarts: int = 0
    variables_in: tuple[str, ...] = ()
    variables_out: tuple[str, ...] = ()
    cell: Cell | None = None
    study: StudyPoint | None = None
    sagemaker: Mapping[str, Any] = field(default_factory=dict)

    @property
    def processes_per_node(self) -> int:
        """Ranks on each node; 1 unless the distribution says otherwise."""
        return self.distribution.processes_per_node or 1

    @property
    def world_size(self) -> int:
        """Number of ranks of the whole job."""
        return self.instance_count * self.processes_per_node

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes in rank order: algo-1, algo-2, ..."""
        if own := current_groups(self.sagemaker):
            return tuple(host for group in own for host in group.hosts)
        return tuple(f"algo-{number}" for number in range(1, self.instance_count + 1))

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict that :meth:`from_json` turns back into an equal spec."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a spec from :meth:`to_json`'s form; keys of newer versions are ignored."""
        known: dict[str, Any] = {k: data[k] for k in cls.__dataclass_fields__ if k in data}
        known["distribution"] = Distribution.from_json(known.get("distribution", {}))
        known["channels"] = tuple(Channel(**c) for c in known.get("channels", ()))
        known["metric_definitions"] = tuple(
            MetricDefinition(**m) for m in known.get("metric_definitions", ())
        )
        for name in ("secret_names", "variables_in", "variables_out"):
            known[name] = tuple(known.get(name, ()))
        for name, kind in (("cell", Cell), ("study", StudyPoint)):
            if known.get(name) is not None:
                known[name] = kind(**known[name])
        return cls(**known)
