"""Names of images, against known ones."""

from __future__ import annotations

import json

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.image_sources import find_image, image_key
from jupyter_sdt.launch.remote.image_uris import ImageRequest, image_uri
from jupyter_sdt.launch.remote.model_parallel_images import model_parallel_image

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


def wanted(version: str, py_version: str = "py312", **other) -> ImageRequest:
    given = {"framework": "pytorch", "region": "eu-west-1", "kind": "gpu", **other}
    return ImageRequest(version=version, py_version=py_version, **given)


def test_the_users_own_file_comes_before_the_table(tmp_path, monkeypatch):
    own = tmp_path / "images.json"
    own.write_text(json.dumps({"pytorch-2.9.0-gpu-py312": "1.dkr.ecr.{region}.amazonaws.com/x:9"}))
    monkeypatch.setenv("SDT_IMAGES", str(own))
    found = find_image(wanted("2.9.0"), "ml.g5.xlarge")
    assert found.uri == "1.dkr.ecr.eu-west-1.amazonaws.com/x:9"
    assert str(own) in found.note
    assert "2026-08-06" in find_image(wanted("2.8.0"), "ml.g5.xlarge").note
    own.write_text("[]")
    with pytest.raises(SpecError, match=r"images\.json must be an object of names and URIs"):
        find_image(wanted("2.8.0"), "ml.g5.xlarge")
    key = image_key(wanted("4.56.2", framework="huggingface", base="pytorch2.8.0"))
    assert key == "huggingface-4.56.2-pytorch2.8.0-gpu-py312"


def test_an_installed_sdk_that_is_newer_than_the_table_is_asked(tmp_path, monkeypatch):
    """A package with the function and the metadata of SDK 3 stands for it."""
    package = tmp_path / "sagemaker" / "core"
    package.mkdir(parents=True)
    (package / "image_uris.py").write_text(
        "def retrieve(framework, version, region, **other):\n"
        "    print('noise')\n"
        "    if version == '9.9':\n"
        "        raise ValueError('unknown')\n"
        "    return f'{region}/{framework}:{version}-{other[\"py_version\"]}'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    metadata = tmp_path / "sagemaker-3.1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: sagemaker\nVersion: 3.1.0\n")
    found = find_image(wanted("2.9.0"), "ml.g5.xlarge")
    assert found.uri == "eu-west-1/pytorch:2.9.0-py312"
    assert "sagemaker 3.1.0" in found.note
    with pytest.raises(SpecError, match=r"framework_version='9\.9' has no image"):
        find_image(wanted("9.9"), "ml.g5.xlarge")
    metadata.write_text("Metadata-Version: 2.1\nName: sagemaker\nVersion: 2.257.6\n")
    assert "2026-08-06" in find_image(wanted("2.8.0"), "ml.g5.xlarge").note


@pytest.mark.parametrize(
    ("version", "python", "family", "cuda"),
    [
        ("2.0.1", "py310", "p4d", "cu118"),
        ("2.0.1", "py310", "p5", "cu121"),
        ("2.3.1", "py311", "p4d", "cu121"),
        ("2.5.1", "py311", "p5", "cu124"),
    ],
)
def test_version_2_of_model_parallelism_has_images_of_its_own(version, python, family, cuda):
    found = model_parallel_image(
        version=version, py_version=python, region="us-west-2", family=family
    )
    place = "658645717510.dkr.ecr.us-west-2.amazonaws.com/smdistributed-modelparallel"
    assert found == f"{place}:{version}-gpu-{python}-{cuda}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "2.6.0"}, "framework_version='2.6.0'"),
        ({"py_version": "py312"}, "it has py311"),
        ({"region": "us-west-9"}, "did you mean 'us-west-"),
    ],
)
def test_what_has_no_such_image_is_said(change, words):
    usual = {"version": "2.5.1", "py_version": "py311", "region": "us-west-2", "family": "p4d"}
    with pytest.raises(SpecError) as caught:
        model_parallel_image(**(usual | change))
    assert words in str(caught.value)
