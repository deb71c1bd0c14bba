"""What can only be refused when the whole request is known: images, and the service's own values.

Rows have the names of the SDK's own validation cases where there is one. Nothing is called: nobody
listens at the endpoint.
"""

from __future__ import annotations

import pytest

import jupyter_sdt
from jupyter_sdt.errors import SdtError

ON = {"enabled": True}
ROLE = "arn:aws:iam::123456789012:role/Training"
GPU = {"role": ROLE, "instance_type": "ml.p4d.24xlarge", "instance_count": 2}
TORCH = {**GPU, "framework_version": "2.0.1", "py_version": "py310"}
HF = {**GPU, "transformers_version": "4.26.0", "pytorch_version": "1.13.1", "py_version": "py39"}
TRN = {**GPU, "instance_type": "ml.trn1.32xlarge", "py_version": "py38"}
SMDDP = {"smdistributed": {"dataparallel": ON}}

REFUSED = {
    "bad_version": ("PyTorch", {**TORCH, "framework_version": "2.9.9"}, "has no image"),
    "bad_py": ("PyTorch", {**TORCH, "py_version": "py36"}, "has py310"),
    "tf_py2_new": (
        "TensorFlow",
        {**TORCH, "framework_version": "2.11.0", "py_version": "py2"},
        "py_version='py2'",
    ),
    "bogus_ml_instance": ("PyTorch", {**TORCH, "instance_type": "ml.p4d.25xlarge"}, "p4d.24xlarge"),
    "hf_bad_pair": ("HuggingFace", {**HF, "pytorch_version": "1.12.1"}, "pytorch_version="),
    "hf_cpu": ("HuggingFace", {**HF, "instance_type": "ml.m5.xlarge"}, "there is no CPU image"),
    "hf_smddp_g5": (
        "HuggingFace",
        {**HF, "instance_type": "ml.g5.xlarge", "distribution": SMDDP},
        "not ml.g5.xlarge",
    ),
    "smp_empty_params": (
        "PyTorch",
        {**TORCH, "distribution": {"smdistributed": {"modelparallel": ON}, "mpi": ON}},
        "parameters is empty",
    ),
    "trn1 with a version that gets another's image": (
        "PyTorch",
        {**TRN, "framework_version": "1.12.1", "distribution": {"torch_distributed": ON}},
        "framework_version='1.12.1' has no image",
    ),
    "a file system without a network": ("PyTorch", TORCH, "give subnets and security_group_ids"),
    "an alias of a key with blanks": ("PyTorch", {**TORCH, "output_kms_key": "a b\n"}, "kms_key"),
    "too many retries": ("PyTorch", {**TORCH, "max_retry_attempts": 31}, "max_retry_attempts"),
    "a role that is none": ("PyTorch", {**TORCH, "role": "arn:aws:iam::1:user/a"}, "role"),
    "too many channels for the code": ("PyTorch", TORCH, "SageMaker has at most 20"),
}
LUSTRE = jupyter_sdt.estimator.inputs.FileSystemInput("fs-0123456789abcdef0", "FSxLustre", "/a")
INPUTS = {
    "a file system without a network": {"fs": LUSTRE},
    "too many channels for the code": {f"c{n}": "s3://b/a" for n in range(21)},
}


def planned(name: str, inputs, **keywords) -> None:
    getattr(jupyter_sdt, name)(**keywords).plan(inputs, job_name="job")


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("case", REFUSED)
def test_the_plan_is_refused_before_any_call(case, script, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    name, keywords, words = REFUSED[case]
    inputs = INPUTS.get(case, "s3://bucket/data")
    with pytest.raises(SdtError) as caught:
        planned(name, inputs, entry_point=str(script), **keywords)
    assert words in str(caught.value)
