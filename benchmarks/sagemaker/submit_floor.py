"""The floor: one upload and one CreateTrainingJob by bare boto3; argv as for the others."""

import io
import sys
import tarfile
import time

import boto3

_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-cpu-py311"
began = float(sys.argv[2])
for line in sys.stdin:
    name = line.strip()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:  # which compression would not shrink
        archive.add(sys.argv[1], arcname=".")
    called = time.time()
    key = f"code/{name}/source.tar.gz"
    boto3.client("s3").put_object(Bucket="bucket", Key=key, Body=packed.getvalue())
    boto3.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::123456789012:role/Training",
        OutputDataConfig={"S3OutputPath": "s3://bucket/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 86400},
        HyperParameters={"sagemaker_submit_directory": f"s3://bucket/{key}"},
    )
    print(name, called, time.time(), began, flush=True)
