"""Rules about instance types that SageMaker's SDK 2.x has given up, but the images have not."""

from __future__ import annotations

from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.spec.framework_versions import is_older
from jupyter_sdt.spec.instances import Instance

# What smdistributed's data parallelism was built for; newer families come with its successors.
# https://docs.aws.amazon.com/sagemaker/latest/dg/distributed-data-parallel-support.html
_OWN = ("ml.p3.16xlarge", "ml.p3dn.24xlarge", "ml.p4d.24xlarge", "ml.p4de.24xlarge")
_OTHERS = ("p2", "p3", "g4dn", "g5", "g6", "g6e")
# The last versions whose images have kernels for the K80 of p2 instances.
_WITHOUT_K80 = {"pytorch": "1.13", "tensorflow": "2.12"}


def check_data_parallel(instance: Instance, strategy: str) -> None:
    """Raise DistributionError where the library could not use what an instance has."""
    instead = "use torch_distributed on it"
    if instance.kind == "cpu":
        reason, instead = "needs GPUs", "use mpi, or 'ml.p4d.24xlarge'"
    elif strategy == "smdataparallel" and instance.family in _OTHERS and instance.name not in _OWN:
        reason = f"knows {', '.join(_OWN)} and newer families"
    else:
        return
    raise DistributionError(
        f"{_NAMES[strategy]} {reason}, not {instance.name}; {instead}", argument="instance_type"
    )


def check_old_gpus(instance: Instance, framework: str, version: str) -> None:
    """Raise SpecError for images that do not run on p2 any more."""
    first = _WITHOUT_K80.get(framework)
    if instance.family == "p2" and first and version and not is_older(version, first):
        raise SpecError(
            f"instance_type={instance.name!r}: images of {framework} {first} and newer do not run "
            "on p2; use 'ml.g4dn.xlarge'",
            argument="instance_type",
        )


_NAMES = {"smdataparallel": "smdistributed.dataparallel", "pytorchddp": "pytorchddp"}
