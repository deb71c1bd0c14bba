"""Distribution, framework and instance type together: what exists on SageMaker and what does not.

Rows have the names of the SDK's own validation cases where there is one.
"""

from __future__ import annotations

import pytest

import jupyter_sdt
from jupyter_sdt.errors import SpecError

ON = {"enabled": True}
TORCH = {"torch_distributed": ON}
SMDDP = {"smdistributed": {"dataparallel": ON}}
MIRRORED = {"multi_worker_mirrored_strategy": ON}
IMAGE = {"framework_version": "2.0.1", "py_version": "py310"}
GPU = {"role": "r", "instance_type": "ml.p4d.24xlarge", "instance_count": 2}
CPU = {**GPU, "instance_type": "ml.c5.xlarge"}
TRN = {**GPU, "instance_type": "ml.trn1.32xlarge"}
SMP = {
    "smdistributed": {"modelparallel": {"enabled": True, "parameters": {"partitions": 3}}},
    "mpi": {"enabled": True, "processes_per_host": 8},
}
GROUPS = [
    {"instance_group_name": "gpus", "instance_type": "ml.p4d.24xlarge", "instance_count": 2},
    {"instance_group_name": "cpus", "instance_type": "ml.c5.xlarge", "instance_count": 1},
]


def hetero(groups, **distribution):
    return {"role": "r", "instance_groups": groups, "distribution": distribution, **IMAGE}


# Refused by the constructor: class, keywords, words of the message.
REFUSED = {
    "smddp_p5_without_torchrun": (
        "PyTorch",
        {**GPU, "instance_type": "ml.p5.48xlarge", **IMAGE, "distribution": SMDDP},
        "needs 'torch_distributed'",
    ),
    "smddp_unsupported_fw": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "1.5", "distribution": SMDDP},
        "exists for pytorch 1.6 to 2.2.0",
    ),
    "smddp_pt_2_3": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "2.3.0", "distribution": SMDDP},
        "framework_version='2.3.0': smdataparallel",
    ),
    "smddp_tf_2_12": (
        "TensorFlow",
        {**GPU, **IMAGE, "framework_version": "2.12.0", "distribution": SMDDP},
        "exists for tensorflow 2.3 to 2.11.0",
    ),
    "smddp_py2": (
        "PyTorch",
        {**GPU, **IMAGE, "py_version": "py27", "distribution": SMDDP},
        "needs py3",
    ),
    "mx_smddp": ("MXNet", {"distribution": SMDDP}, "does nothing for MXNet"),
    "ddp_fw_2_5": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "2.5.0", "distribution": {"pytorchddp": ON}},
        "framework_version='2.5.0': pytorchddp",
    ),
    "smp does not divide": (
        "PyTorch",
        {**GPU, **IMAGE, "distribution": SMP},
        "16 processes (instance_count x processes_per_host) are not a multiple of partitions=3",
    ),
    "smp more processes than GPUs": (
        "PyTorch",
        {**GPU, "instance_type": "ml.g5.12xlarge", **IMAGE, "distribution": SMP},
        "processes_per_host=8 is more than the 4 accelerators",
    ),
    "torch_distributed_cpu": (
        "PyTorch",
        {**CPU, **IMAGE, "distribution": TORCH},
        "needs GPU or Trainium instances, not ml.c5.xlarge",
    ),
    "torch_distributed_gpu_112": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "1.12", "distribution": TORCH},
        "exists for pytorch 1.13.1 or newer",
    ),
    "torch_distributed_gpu_24": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "2.4.0", "distribution": TORCH},
        "without 2.4.0",
    ),
    "torch_distributed_trn1_201": (
        "PyTorch",
        {**TRN, **IMAGE, "distribution": TORCH},
        "exists for pytorch 1.11 to 2.0.0",
    ),
    "torch_distributed_sh": (
        "PyTorch",
        {**GPU, **IMAGE, "entry_point": "train.sh", "distribution": TORCH},
        "starts only *.py",
    ),
    "trn1_mpi": (
        "PyTorch",
        {**TRN, **IMAGE, "distribution": {"mpi": ON}},
        "knows torch_distributed only, not mpi",
    ),
    "trn1_two": (
        "PyTorch",
        {**TRN, **IMAGE, "distribution": {**TORCH, "mpi": ON}},
        "cannot be enabled together",
    ),
    "trn1_tensorflow": ("TensorFlow", {**TRN, **IMAGE}, "runs PyTorch only, not tensorflow"),
    "mwms_old_tf": (
        "TensorFlow",
        {**CPU, **IMAGE, "framework_version": "2.8", "distribution": MIRRORED},
        "exists for tensorflow 2.9 or newer",
    ),
    "mwms_pytorch": (
        "PyTorch",
        {"distribution": MIRRORED},
        "belongs to TensorFlow, not to pytorch",
    ),
    "mx_dist_old": (
        "MXNet",
        {**CPU, **IMAGE, "framework_version": "1.2", "distribution": {"parameter_server": ON}},
        "exists for mxnet 1.3 or newer",
    ),
    "hetero_missing_groups": (
        "PyTorch",
        {"distribution": {"mpi": ON, "instance_groups": ["gpus"]}},
        "the estimator has no instance_groups",
    ),
    "hetero_oversubscribed": (
        "PyTorch",
        hetero(GROUPS[:1], mpi=ON, instance_groups=["gpus", "cpus"]),
        "2 groups are named, there are 1",
    ),
    "hetero_two_groups_no_choice": (
        "PyTorch",
        hetero(GROUPS, mpi=ON),
        "name exactly one of gpus, cpus",
    ),
    "hetero_unknown_group": (
        "PyTorch",
        hetero(GROUPS, mpi=ON, instance_groups=["tpus"]),
        "unknown group 'tpus'",
    ),
    "hetero_groups_no_strategy": (
        "PyTorch",
        hetero(GROUPS, instance_groups=["gpus"]),
        "none cannot be restricted to groups",
    ),
    "hetero_ps_only": (
        "TensorFlow",
        hetero(GROUPS, parameter_server=ON, instance_groups=["gpus"]),
        "parameter_server cannot be restricted",
    ),
    "half a group": ("PyTorch", hetero([{"instance_group_name": "a"}]), "has no instance_type"),
    "local groups": (
        "PyTorch",
        hetero([{**GROUPS[0], "instance_type": "local"}]),
        "'local' has no groups",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_constructor_refuses_what_does_not_exist(case):
    name, keywords, words = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        getattr(jupyter_sdt, name)(**keywords)
    assert words in str(caught.value)


ACCEPTED = {
    "smddp_single_node_ok": (
        "PyTorch",
        {**GPU, **IMAGE, "instance_count": 1, "distribution": SMDDP},
    ),
    "smddp_p3": (
        "PyTorch",
        {**GPU, **IMAGE, "instance_type": "ml.p3.16xlarge", "distribution": SMDDP},
    ),
    "ddp_multi_node_single_gpu": (
        "PyTorch",
        {**GPU, **IMAGE, "instance_type": "ml.g5.xlarge", "distribution": {"pytorchddp": ON}},
    ),
    "ddp_old_fw_1_9": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "1.9", "distribution": {"pytorchddp": ON}},
    ),
    "smddp_p5_with_torchrun": (
        "PyTorch",
        {**GPU, **IMAGE, "instance_type": "ml.p5.48xlarge", "distribution": {**SMDDP, **TORCH}},
    ),
    "versions do not matter with an image": (
        "PyTorch",
        {**GPU, "image_uri": "i", "framework_version": "1.0", "distribution": TORCH},
    ),
    "torch_distributed newer than any list": (
        "PyTorch",
        {**GPU, **IMAGE, "framework_version": "2.10.0", "distribution": TORCH},
    ),
    "trn1_none_distribution": ("PyTorch", {**TRN, **IMAGE}),
    "hetero_one_group_auto": ("PyTorch", hetero(GROUPS[:1], mpi=ON)),
    "hetero chosen": ("PyTorch", hetero(GROUPS, mpi=ON, instance_groups=["gpus"])),
    "shell script under torch_distributed here": (
        "PyTorch",
        {"entry_point": "train.sh", "distribution": TORCH},
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_the_constructor_accepts(case):
    name, keywords = ACCEPTED[case]
    getattr(jupyter_sdt, name)(**keywords)
