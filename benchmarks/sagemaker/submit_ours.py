"""Submits jobs with jupyter_sdt: argv[1] is the source folder, each line of stdin a job's name."""

import sys
import time

from jupyter_sdt import PyTorch

began = float(sys.argv[2])
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
    )
    estimator.fit("s3://bucket/data", wait=False, job_name=name)
    print(name, called, time.time(), began, flush=True)
