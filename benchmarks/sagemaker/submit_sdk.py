"""Submits jobs with SageMaker's SDK: argv[1] is the source folder, each line of stdin a name."""

import logging
import sys
import time
import warnings

import boto3
import sagemaker
from sagemaker.pytorch import PyTorch

warnings.simplefilter("ignore")
logging.disable(logging.INFO)
began = float(sys.argv[2])
session = sagemaker.Session(boto3.Session())
for line in sys.stdin:
    name = line.strip()
    called = time.time()
    estimator = PyTorch(
        entry_point="train.py",
        source_dir=sys.argv[1],
        output_path="s3://bucket/out",
        code_location="s3://bucket/code",
        role="arn:aws:iam::123456789012:role/Training",
        instance_type="ml.m5.large",
        instance_count=1,
        framework_version="2.5.1",
        py_version="py311",
        sagemaker_session=session,
        disable_profiler=True,
    )
    estimator.fit("s3://bucket/data", wait=False, job_name=name)
    print(name, called, time.time(), began, flush=True)
