"""Whole CreateTrainingJob requests, and the part that is the same in each of them."""

from __future__ import annotations

from aws_support import ROLE, remote

REGISTRY = "763104351884.dkr.ecr.eu-west-1.amazonaws.com"


def expected(image: str, instance: str, count: int, hyperparameters: dict, **other) -> dict:
    """A request with what is the same in each of them."""
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {
            "TrainingInputMode": "File",
            "TrainingImage": f"{REGISTRY}/{image}",
            "EnableSageMakerMetricsTimeSeries": True,
        },
        "RoleArn": ROLE,
        "HyperParameters": {
            "sagemaker_submit_directory": '"s3://out/job/source/sourcedir.tar.gz"',
            "sagemaker_program": '"train.py"',
            "sagemaker_container_log_level": "20",
            "sagemaker_job_name": '"job"',
            "sagemaker_region": '"eu-west-1"',
            **hyperparameters,
        },
        "InputDataConfig": [channel("training", "s3://data/train")],
        "OutputDataConfig": {"S3OutputPath": "s3://out/models"},
        "ResourceConfig": {
            "InstanceCount": count,
            "InstanceType": instance,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "ProfilerConfig": {"DisableProfiler": True},
        **other,
    }


def channel(name: str, uri: str, **other) -> dict:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **other}


def request(script, inputs="s3://data/train", kind=None, **arguments) -> dict:
    estimator = remote(script, output_path="s3://out/models", **arguments)
    return dict(estimator.plan(inputs, job_name="job").request)
