"""Requests of every strategy, compared whole with what SageMaker's SDK 2.x puts on the wire.

Differences from it are meant: no debugger hook, and the profiler switched off.
"""

from __future__ import annotations

import pytest
from aws_support import ROLE
from request_support import expected, request

from jupyter_sdt import TensorFlow

SMDDP = {"smdistributed": {"dataparallel": {"enabled": True}}}
pytestmark = pytest.mark.usefixtures("aws_environment")


def test_smdataparallel_on_two_nodes(script):
    made = request(
        script,
        instance_type="ml.p4d.24xlarge",
        framework_version="1.12.0",
        py_version="py38",
        distribution=SMDDP,
    )
    assert made == expected(
        "pytorch-training:1.12.0-gpu-py38",
        "ml.p4d.24xlarge",
        2,
        {
            "sagemaker_distributed_dataparallel_enabled": "true",
            "sagemaker_distributed_dataparallel_custom_mpi_options": '""',
            "sagemaker_instance_type": '"ml.p4d.24xlarge"',
        },
    )


def test_modelparallel_with_mpi(script):
    made = request(
        script,
        instance_type="ml.p4d.24xlarge",
        instance_count=1,
        framework_version="1.12.0",
        py_version="py38",
        distribution={
            "smdistributed": {
                "modelparallel": {
                    "enabled": True,
                    "parameters": {"partitions": 2, "microbatches": 4, "ddp": True},
                }
            },
            "mpi": {
                "enabled": True,
                "processes_per_host": 8,
                "custom_mpi_options": "--verbose -x A=1",
            },
        },
    )
    assert made == expected(
        "pytorch-training:1.12.0-gpu-py38",
        "ml.p4d.24xlarge",
        1,
        {
            "mp_parameters": '{"partitions": 2, "microbatches": 4, "ddp": true}',
            "sagemaker_distributed_dataparallel_enabled": "false",
            "sagemaker_instance_type": '"ml.p4d.24xlarge"',
            "sagemaker_mpi_enabled": "true",
            "sagemaker_mpi_num_of_processes_per_host": "8",
            "sagemaker_mpi_custom_mpi_options": '"--verbose -x A=1"',
        },
    )


@pytest.mark.parametrize(
    ("version", "python", "keys"),
    [
        ("1.12.1", "py38", {"sagemaker_pytorch_ddp_enabled": "true"}),
        (
            "2.0.1",
            "py310",
            {
                "sagemaker_distributed_dataparallel_enabled": "true",
                "sagemaker_distributed_dataparallel_custom_mpi_options": '""',
            },
        ),
    ],
)
def test_pytorchddp_in_both_of_its_eras(script, version, python, keys):
    made = request(
        script,
        instance_type="ml.p3.16xlarge",
        framework_version=version,
        py_version=python,
        distribution={"pytorchddp": {"enabled": True}},
    )
    assert made == expected(
        f"pytorch-training:{version}-gpu-{python}",
        "ml.p3.16xlarge",
        2,
        {**keys, "sagemaker_instance_type": '"ml.p3.16xlarge"'},
    )


def test_torch_distributed_on_trainium(script):
    made = request(
        script,
        instance_type="ml.trn1.32xlarge",
        framework_version="1.11.0",
        py_version="py38",
        distribution={"torch_distributed": {"enabled": True}},
    )
    assert made == expected(
        "pytorch-training-neuron:1.11.0-neuron-py38-sdk2.4.0-ubuntu20.04",
        "ml.trn1.32xlarge",
        2,
        {
            "sagemaker_torch_distributed_enabled": "true",
            "sagemaker_instance_type": '"ml.trn1.32xlarge"',
        },
    )


def test_mpi_sends_the_number_of_processes_only_when_it_was_given(script):
    made = request(script, distribution={"mpi": {"enabled": True}})
    assert made == expected(
        "pytorch-training:2.5.1-gpu-py311",
        "ml.g5.xlarge",
        2,
        {"sagemaker_mpi_enabled": "true", "sagemaker_mpi_custom_mpi_options": '""'},
    )


def test_the_parameter_server_of_tensorflow(script):
    estimator = TensorFlow(
        entry_point=str(script),
        role=ROLE,
        instance_type="ml.c5.xlarge",
        instance_count=2,
        framework_version="2.11",
        py_version="py39",
        output_path="s3://out/models",
        distribution={"parameter_server": {"enabled": True}},
    )
    made = estimator.plan("s3://data/train", job_name="job").request
    assert made == expected(
        "tensorflow-training:2.11-cpu-py39",
        "ml.c5.xlarge",
        2,
        {
            "model_dir": '"s3://out/models/job/model"',
            "sagemaker_parameter_server_enabled": "true",
        },
    )
