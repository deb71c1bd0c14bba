"""What SageMaker's SDK refuses, and what it should have refused, before anything starts.

Rows have the names of the SDK's own validation cases where there is one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import jupyter_sdt
from jupyter_sdt.errors import SpecError

ON = {"enabled": True}
IMAGE = {"framework_version": "2.0.1", "py_version": "py310"}
GPU = {"role": "r", "instance_type": "ml.p4d.24xlarge", "instance_count": 2}
CPU = {**GPU, "instance_type": "ml.c5.xlarge"}
GROUP = {
    "instance_group_name": "gpus",
    "instance_type": "ml.p4d.24xlarge",
    "instance_count": 2,
}

# Refused by the constructor: class, keywords, words of the message.
REFUSED = {
    "no_role": ("PyTorch", {**GPU, **IMAGE, "role": None}, "role is missing"),
    "no_instance_count": ("PyTorch", {**GPU, "instance_count": None}, "instance_count is missing"),
    "no_instance_type": ("PyTorch", {**GPU, "instance_type": None}, "instance_type is missing"),
    "hetero_and_count": (
        "PyTorch",
        {"instance_groups": [GROUP], "instance_count": 1},
        "instance_count=1 and instance_groups cannot both",
    ),
    "no_versions": ("PyTorch", GPU, "framework_version is missing"),
    "no image for the plain class": ("Estimator", GPU, "image_uri is missing"),
    "bad_instance_type": ("PyTorch", {"instance_type": "p4d.24xlarge"}, "'ml.p4d.24xlarge'?"),
    "misspelt local": ("Estimator", {"instance_type": "loacl"}, "did you mean 'local'?"),
    "tf_legacy": (
        "TensorFlow",
        {**CPU, "framework_version": "1.10", "py_version": "py2"},
        "TensorFlow runs scripts from 1.11 on",
    ),
    "subnets_only": ("Estimator", {"subnets": ["s"]}, "needs security_group_ids too"),
    "security groups only": ("Estimator", {"security_group_ids": ["s"]}, "needs subnets too"),
    "too many subnets": (
        "Estimator",
        {"subnets": list("abcdefghijklmnopq"), "security_group_ids": ["s"]},
        "subnets: 17 given, at most 16",
    ),
    "unknown_kwarg": ("PyTorch", {"instnce_count": 2}, "did you mean 'instance_count'?"),
    "another framework's": ("PyTorch", {"model_dir": "x"}, "belongs to the tensorflow estimator"),
    "script_mode": ("TensorFlow", {"script_mode": False}, "script_mode=False (SDK 1.x)"),
    "count not an integer": ("Estimator", {"instance_count": "2"}, "instance_count='2' must be a"),
    "count is a bool": ("Estimator", {"instance_count": True}, "instance_count=True must be"),
    "no instances": ("Estimator", {"instance_count": 0}, "must be a positive integer"),
    "input_mode": ("Estimator", {"input_mode": "file"}, "input_mode='file' must be one of 'File'"),
    "style": ("Estimator", {"hyperparameter_style": "x"}, "must be one of 'sagemaker', 'json'"),
    "entry point type": ("Estimator", {"entry_point": 3}, "entry_point=3 must be a str"),
    "dependencies": ("Estimator", {"dependencies": "lib"}, "dependencies='lib' must be a list"),
    "max_run": ("Estimator", {"max_run": 0}, "max_run=0 must be a number above 0"),
    "stop_seconds": ("Estimator", {"stop_seconds": -1}, "stop_seconds=-1 must be a number of"),
    "hang_seconds": ("Estimator", {"hang_seconds": "5"}, "hang_seconds='5' must be a number"),
    "max_run too long": ("PyTorch", {**GPU, **IMAGE, "max_run": 2419201}, "up to 2419200"),
    "retries": ("Estimator", {"max_retry_attempts": 31}, "an integer from 1 to 30"),
    "keepalive": ("Estimator", {"keep_alive_period_in_seconds": 21601}, "from 0 to 21600"),
    "volume": ("Estimator", {"volume_size": 0}, "volume_size=0 must be a positive integer"),
    "tags": ("Estimator", {"tags": ["a"]}, "tags=['a'] must be a list of"),
    "tag values": ("Estimator", {"tags": {"a": 1}}, "Key='a' and Value=1 must be str"),
    "too many tags": ("Estimator", {"tags": {str(n): "" for n in range(51)}}, "51 given"),
    "base_job_name": ("Estimator", {"base_job_name": "my job"}, "'my-job' would do"),
    "local_gpu_2": (
        "PyTorch",
        {"instance_type": "local_gpu", "instance_count": 2},
        "instance_count=2: local_gpu is one node",
    ),
    "spot_no_max_wait": ("Estimator", {"use_spot_instances": True}, "needs max_wait of at least"),
    "spot_max_wait_lt_max_run": (
        "Estimator",
        {"use_spot_instances": True, "max_wait": 60, "max_run": 120},
        "max_wait=60 must be at least max_run=120",
    ),
    "max_wait_no_spot": ("Estimator", {"max_wait": 90000}, "needs use_spot_instances=True"),
    "ckpt_local_only": (
        "PyTorch",
        {**GPU, **IMAGE, "checkpoint_local_path": "/opt/ml/checkpoints"},
        "needs checkpoint_s3_uri",
    ),
    "keepalive_spot": (
        "Estimator",
        {"use_spot_instances": True, "max_wait": 86400, "keep_alive_period_in_seconds": 60},
        "exclude each other",
    ),
    "not_dict": ("PyTorch", {"distribution": "mpi"}, "must be a dict"),
    "unknown_distribution_key": (
        "PyTorch",
        {"distribution": {"torch_distribute": ON}},
        "did you mean 'torch_distributed'?",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_constructor_refuses_what_cannot_be_right(case, jobs_folder: Path):
    name, keywords, words = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        getattr(jupyter_sdt, name)(**keywords)
    assert words in str(caught.value)
    assert not jobs_folder.exists()


ACCEPTED = {
    "bogus_ml_instance": ("PyTorch", {**GPU, **IMAGE, "instance_type": "ml.zz9.huge"}),
    "hp_reserved": (
        "PyTorch",
        {"hyperparameters": {"sagemaker_distributed_dataparallel_enabled": True}},
    ),
    "spot": ("Estimator", {"use_spot_instances": True, "max_wait": 86400}),
    "framework versions are optional here": ("PyTorch", {"instance_count": 2}),
    "nothing at all": ("Estimator", {}),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_the_constructor_accepts(case):
    name, keywords = ACCEPTED[case]
    getattr(jupyter_sdt, name)(**keywords)
