"""Names of images, against known ones."""

from __future__ import annotations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.image_uris import ImageRequest, image_uri

US = "763104351884.dkr.ecr.us-west-2.amazonaws.com"


def uri(framework, version, py_version, region="us-west-2", kind="gpu", **other) -> str:
    return image_uri(
        ImageRequest(
            framework=framework,
            version=version,
            py_version=py_version,
            region=region,
            kind=kind,
            **other,
        )
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("pytorch", "1.12.0", "py38"), f"{US}/pytorch-training:1.12.0-gpu-py38"),
        (("pytorch", "2.1", "py310"), f"{US}/pytorch-training:2.1-gpu-py310"),
        (("tensorflow", "2.9.2", "py39"), f"{US}/tensorflow-training:2.9.2-gpu-py39"),
        (("mxnet", "1.9.0", "py38"), f"{US}/mxnet-training:1.9.0-gpu-py38"),
        (
            ("pytorch", "2.8.0", "py312", "af-south-1"),
            "626614931356.dkr.ecr.af-south-1.amazonaws.com/pytorch-training:2.8.0-gpu-py312",
        ),
        (
            ("pytorch", "2.0.1", "py310", "cn-north-1"),
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:2.0.1-gpu-py310",
        ),
        (
            ("pytorch", "1.13.1", "py39", "us-iso-east-1"),
            "886529160074.dkr.ecr.us-iso-east-1.c2s.ic.gov/pytorch-training:1.13.1-gpu-py39",
        ),
        (
            ("pytorch", "1.0.0", "py3"),
            "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-pytorch:1.0.0-gpu-py3",
        ),
    ],
)
def test_a_framework_image(arguments, expected):
    assert uri(*arguments) == expected


def test_images_of_other_kinds():
    assert uri("pytorch", "2.5.1", "py311", kind="cpu").endswith("pytorch-training:2.5.1-cpu-py311")
    assert uri("pytorch", "1.11.0", "py38", kind="neuron") == (
        f"{US}/pytorch-training-neuron:1.11.0-neuron-py38-sdk2.4.0-ubuntu20.04"
    )
    assert uri("huggingface", "4.26.0", "py39", base="pytorch1.13.1") == (
        f"{US}/huggingface-pytorch-training:1.13.1-transformers4.26.0-gpu-py39-cu117-ubuntu20.04"
    )
    assert uri("huggingface", "4.17", "py38", base="tensorflow2.6") == (
        f"{US}/huggingface-tensorflow-training:2.6-transformers4.17-gpu-py38-cu112-ubuntu20.04"
    )
    assert uri("pytorch", "1.13.1", "py39", compiled=True) == (
        f"{US}/pytorch-trcomp-training:1.13.1-gpu-py39"
    )
    assert uri("pytorch", "1.6.0", "py36", cuda_11=True).endswith(
        ":1.6.0-gpu-py36-cu110-ubuntu18.04"
    )


@pytest.mark.parametrize(
    ("arguments", "argument", "words"),
    [
        (("pytorch", "2.99", "py312"), "framework_version", "'2.99' has no image"),
        (("pytorch", "1.12.0", "py39"), "py_version", "has py38"),
        (("pytorch", "2.8.0", "py312", "mars-1"), "image_uri", "region 'mars-1' has no image"),
    ],
)
def test_what_is_not_in_the_table_is_named(arguments, argument, words):
    with pytest.raises(SpecError, match=words) as caught:
        uri(*arguments)
    assert caught.value.argument == argument


def test_hugging_face_has_no_cpu_image():
    with pytest.raises(SpecError, match="no CPU image of huggingface"):
        uri("huggingface", "4.26.0", "py39", kind="cpu", base="pytorch1.13.1")
