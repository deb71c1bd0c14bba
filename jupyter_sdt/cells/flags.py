"""The flags of ``%%sdt_train``, as a table: one row per flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# How the text behind a flag becomes a value; jupyter_sdt/cells/values.py has one reader each.
Kind = Literal[
    "text",
    "integer",
    "seconds",
    "json",
    "distribution",
    "names",
    "sizes",
    "on",
    "off",
    "setting",  # NAME=VALUE, the value read as JSON or a Python literal where it is one
    "variable",  # NAME=VALUE, the value kept as text
    "metric",  # NAME=REGEX
]
# Who receives the value: the Estimator's keywords, or the magic itself.
Owner = Literal["estimator", "magic"]

REPEATABLE: frozenset[str] = frozenset({"setting", "variable", "metric"})
_SHOWN: dict[str, str] = {
    "integer": "N",
    "seconds": "SECONDS",
    "json": "JSON",
    "distribution": "NAME|JSON",
    "names": "A,B",
    "sizes": "1,2,4",
    "on": "",
    "off": "",
    "setting": "NAME=VALUE",
    "variable": "NAME=VALUE",
    "metric": "NAME=REGEX",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: ``--name``, the ``keyword`` its value is passed as, and a sentence of help.

    Several flags may fill one keyword: ``--hyperparameters JSON`` and ``--hp NAME=VALUE``.
    """

    name: str
    keyword: str
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    owner: Owner = "estimator"

    @property
    def shown(self) -> str:
        """The flag with a placeholder for its value: ``--processes N``."""
        value = "|".join(self.choices) or _SHOWN.get(self.kind, "TEXT")
        return f"--{self.name} {value}".rstrip()


def _ours(name: str, keyword: str, kind: Kind, text: str, *choices: str) -> Flag:
    return Flag(name, keyword, kind, text, choices, "magic")


def _estimator(name: str, kind: Kind, text: str, *choices: str, keyword: str = "") -> Flag:
    return Flag(name, keyword or name.replace("-", "_"), kind, text, choices)


_CELL = (
    _ours("in", "variables_in", "names", "notebook variables the script finds under these names"),
    _ours("out", "variables_out", "names", "variables brought back from rank 0 at the end"),
    _ours("name", "job_name", "text", "the job's name; made from the time when left out"),
    _ours("input", "inputs", "variable", "channel and where its data lies: training=./digits"),
    _ours("wait", "wait", "on", "watch until the job ends (the default)"),
    _ours("no-wait", "wait", "off", "return at once; the curve goes on in the background"),
    _ours("plan", "plan", "on", "print what would be started, and start nothing"),
    _ours("help", "help", "on", "print this list"),
)
_STUDY = (
    _ours("scale", "scale", "sizes", "run once per world size and draw the scaling curve"),
    _ours("scaling", "scaling", "text", "which batch stays the same", "strong", "weak"),
    _ours("repeats", "repeats", "integer", "runs per world size; the median is shown"),
    _ours("warmup-steps", "warmup_steps", "integer", "first steps of each job left out"),
    _ours(
        "batch-size-hyperparameter",
        "batch_size_hyperparameter",
        "text",
        "hyperparameter that holds the global batch, to be divided among ranks",
    ),
    _ours("study", "study", "text", "notebook variable that gets the ScalingStudy"),
    _ours("oversubscribe", "oversubscribe", "on", "allow more processes than cores or GPUs"),
)
_WHERE = (
    _estimator("processes", "integer", "ranks on each node", keyword="processes_per_node"),
    _estimator("instance-type", "text", "local, local_gpu or ml.*; default local"),
    _estimator("instance-count", "integer", "number of nodes; default 1"),
    _estimator(
        "distribution",
        "distribution",
        "torch_distributed, pytorchddp, mpi, dataparallel, modelparallel, pipeline=2,tensor=2, or "
        "SageMaker's dict",
    ),
    _estimator(
        "launcher", "text", "how ranks are started", "nursery", "torchrun", "mpirun", "python"
    ),
)
_SCRIPT = (
    _estimator("entry-point", "text", "a script; the cell then holds hyperparameters"),
    _estimator("source-dir", "text", "folder copied beside the entry point"),
    _estimator("dependencies", "names", "further folders copied beside the entry point"),
    _estimator(
        "requirements", "text", "a requirements.txt installed for the job; none: none at all"
    ),
    _estimator("hyperparameters", "json", "all hyperparameters as one JSON object"),
    _estimator("hp", "setting", "one hyperparameter; may be repeated", keyword="hyperparameters"),
    _estimator(
        "hyperparameter-style",
        "text",
        "how they become arguments",
        *("sagemaker", "json", "switch"),
    ),
    _estimator("environment", "variable", "environment variable of the ranks; may be repeated"),
    _estimator("env", "variable", "the same as --environment", keyword="environment"),
    _estimator("metric-definitions", "json", 'list of {"Name", "Regex"} read from the logs'),
    _estimator(
        "metric", "metric", "one metric definition; may be repeated", keyword="metric_definitions"
    ),
)
_DATA = (
    _estimator("input-mode", "text", "how channels reach the script", "File", "Pipe", "FastFile"),
    _estimator("output-path", "text", "where model.tar.gz and output.tar.gz go"),
    _estimator("checkpoint-s3-uri", "text", "where checkpoints are kept; a folder will do"),
    _estimator("checkpoint-local-path", "text", "where the script finds its checkpoints"),
)
_LIMITS = (
    _estimator("max-run", "seconds", "the job is stopped after this time"),
    _estimator("stop-seconds", "seconds", "time between SIGTERM and SIGKILL; default 120"),
    _estimator("hang-seconds", "seconds", "report stacks when a rank makes no step for so long"),
    _estimator("max-restarts", "integer", "start all ranks anew so often when one is lost"),
)
_SAGEMAKER = (
    _estimator("role", "text", "execution role"),
    _estimator("base-job-name", "text", "what generated job names begin with"),
    _estimator("image-uri", "text", "training image"),
    _estimator("framework-version", "text", "version of the framework in the image"),
    _estimator("py-version", "text", "Python version in the image"),
    _estimator("instance-groups", "json", "heterogeneous cluster, instead of type and count"),
    _estimator("model-uri", "text", "a model given to the script as one more channel"),
    _estimator("model-channel-name", "text", "that channel's name"),
    _estimator("code-location", "text", "where the source bundle is uploaded to"),
    _estimator("volume-size", "integer", "storage volume of each instance, in GB"),
    _estimator("volume-kms-key", "text", "key that encrypts the volumes"),
    _estimator("output-kms-key", "text", "key that encrypts the output"),
    _estimator("disable-output-compression", "on", "upload loose files instead of tar.gz"),
    _estimator("subnets", "names", "VPC subnets"),
    _estimator("security-group-ids", "names", "VPC security groups"),
    _estimator("encrypt-inter-container-traffic", "on", "encrypt traffic between nodes"),
    _estimator("enable-network-isolation", "on", "no network for the script"),
    _estimator("use-spot-instances", "on", "managed spot training"),
    _estimator("max-wait", "seconds", "longest wait for spot instances, training included"),
    _estimator("max-retry-attempts", "integer", "retries after a service error"),
    _estimator("keep-alive-period-in-seconds", "integer", "keep instances warm so long"),
    _estimator("disable-profiler", "on", "no profiler"),
    _estimator("enable-sagemaker-metrics", "on", "metrics as time series in the console"),
    _estimator("enable-infra-check", "on", "check the instances before training"),
    _estimator("enable-remote-debug", "on", "allow a shell in the container"),
    _estimator("container-log-level", "integer", "level of Python's logging; 20 is INFO"),
    _estimator("tags", "json", 'list of {"Key", "Value"}'),
    _estimator("enable-session-tag-chaining", "on", "pass the tags on to the job's session"),
    _estimator("training-plan", "text", "ARN of the training plan that holds the instances"),
    _estimator("instance-placement-config", "json", "how instances are placed in UltraServers"),
    _estimator(
        "training-repository-access-mode", "text", "where the image comes from", "Platform", "Vpc"
    ),
    _estimator(
        "training-repository-credentials-provider-arn", "text", "who logs in to a private registry"
    ),
)

SECTIONS: dict[str, tuple[Flag, ...]] = {
    "Cell and job": _CELL,
    "Processes and nodes": _WHERE,
    "Script": _SCRIPT,
    "Data": _DATA,
    "Scaling study": _STUDY,
    "Limits": _LIMITS,
    "SageMaker": _SAGEMAKER,
}
FLAGS: dict[str, Flag] = {flag.name: flag for rows in SECTIONS.values() for flag in rows}


def help_text() -> str:
    """Return the list of flags that ``%%sdt_train --help`` prints."""
    head = (
        "%%sdt_train [flags]\n"
        "Run this cell, or a script, on several ranks. A value of the form $name is taken from\n"
        "the notebook's variable of that name."
    )
    return "\n\n".join([head, *(_section(title, rows) for title, rows in SECTIONS.items())])


def _section(title: str, rows: tuple[Flag, ...]) -> str:
    return "\n".join([title, *(f"  {flag.shown:<42} {flag.help}" for flag in rows)])
