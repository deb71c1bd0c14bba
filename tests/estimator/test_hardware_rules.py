"""Instances that a strategy or an image cannot use, though SageMaker's SDK 2.x lets them through.

Rows have the names of the SDK's own validation cases where there is one.
"""

from __future__ import annotations

import pytest

import jupyter_sdt
from jupyter_sdt.errors import SpecError

ON = {"enabled": True}
TORCH = {"torch_distributed": ON}
SMDDP = {"smdistributed": {"dataparallel": ON}}
IMAGE = {"framework_version": "2.0.1", "py_version": "py310"}
GPU = {"role": "r", "instance_type": "ml.p4d.24xlarge", "instance_count": 2}
CPU = {**GPU, "instance_type": "ml.c5.xlarge"}
TRN = {**GPU, "instance_type": "ml.trn1.32xlarge"}

# Refused by the constructor: class, keywords, words of the message.
REFUSED = {
    **{
        f"smddp_unsupported_instance_{kind}": (
            "PyTorch",
            {**GPU, **IMAGE, "instance_type": name, "distribution": SMDDP},
            f"not {name}; use",
        )
        for kind, name in (
            ("cpu", "ml.c5.xlarge"),
            ("g5", "ml.g5.48xlarge"),
            ("p2", "ml.p2.xlarge"),
        )
    },
    "smddp_small_p3": (
        "PyTorch",
        {**GPU, **IMAGE, "instance_type": "ml.p3.8xlarge", "distribution": SMDDP},
        "knows ml.p3.16xlarge",
    ),
    "ddp_cpu_instance": (
        "PyTorch",
        {**CPU, **IMAGE, "distribution": {"pytorchddp": ON}},
        "pytorchddp needs GPUs, not ml.c5.xlarge",
    ),
    "ddp_plus_smd": (
        "PyTorch",
        {**GPU, **IMAGE, "distribution": {**SMDDP, "pytorchddp": ON}},
        "cannot be enabled together",
    ),
    "pt_p2_113": (
        "PyTorch",
        {**GPU, **IMAGE, "instance_type": "ml.p2.xlarge", "framework_version": "1.13"},
        "do not run on p2",
    ),
    "tf_p2_212": (
        "TensorFlow",
        {**GPU, **IMAGE, "instance_type": "ml.p2.xlarge", "framework_version": "2.12"},
        "images of tensorflow 2.12 and newer do not run on p2",
    ),
    "trn2_torch_distributed": (
        "PyTorch",
        {**TRN, **IMAGE, "instance_type": "ml.trn2.48xlarge", "distribution": TORCH},
        "image_uri is missing",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_constructor_refuses_what_cannot_be_used(case):
    name, keywords, words = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        getattr(jupyter_sdt, name)(**keywords)
    assert words in str(caught.value)
