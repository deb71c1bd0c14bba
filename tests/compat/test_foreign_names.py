"""Names that libraries dropped, SageMaker's toolkit, and the aws command: in jobs only."""

import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from support import Jobs

from jupyter_sdt.launch import local
from jupyter_sdt.runtime.compat_path import COMPAT
from jupyter_sdt.spec.job_spec import Channel


def test_numpys_dropped_names_are_back_in_a_rank_and_nowhere_else(job):
    body = """
    import numpy as np
    print(np.float(1), np.int(2), np.bool(0), np.object, np.Inf, np.float_(3), np.product([2, 3]))
    print(np.float64(1).dtype, isinstance(np.array([1.5])[0], np.floating))
    """
    job.run(body)
    assert job.log().startswith("1.0 2 False <class 'object'> inf 3.0 6\n"), job.log()
    import numpy as np

    assert not hasattr(np, "float")


def test_torch_six_is_found_where_torch_lacks_it(job):
    job.run("""
    from importlib.util import find_spec
    from torch._six import inf, nan, string_classes, int_classes, container_abcs, queue
    print(isinstance("a", string_classes), isinstance([], container_abcs.Sequence), inf)
    print(find_spec("torch._seven"))
    """)
    assert job.log() == "True True inf\nNone\n"


def test_a_library_that_is_not_provided_is_still_missing(job):
    job.run("import torchnet")
    assert "No module named 'torchnet'" in job.log()


def test_sagemakers_toolkit_reads_the_config_files_of_the_node(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("x")
    jobs = Jobs(tmp_path / "jobs")
    source = """
    from sagemaker_training.environment import Environment
    env = Environment()
    print(env.hosts, env.current_host, env.master_hostname, env.is_master, env.num_gpus)
    print(env.hyperparameters, env.channel_input_dirs["train"].endswith("input/data/train"))
    print(env.user_entry_point, env.job_name, env.to_cmd_args(), env.is_hetero)
    """
    channel = Channel(name="train", uri=str(tmp_path / "data"))
    directory = jobs.write(
        source, instance_count=2, hyperparameters={"lr": 0.5, "m": "a b"}, channels=(channel,)
    )
    local.start(directory, dict(os.environ))
    jobs.wait(directory)
    first, second, third = directory.log(1).read_text().splitlines()
    assert first == "['algo-1', 'algo-2'] algo-2 algo-1 False 0"
    assert second == "{'lr': 0.5, 'm': 'a b'} True"
    assert third.startswith("entry_point.py job-1 ['--lr', '0.5', '-m', 'a b'] False")


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """Run ``aws`` as a job would find it."""
    monkeypatch.setenv("SDT_PYTHON", sys.executable)

    def run(*words, code=0):
        command = [str(COMPAT / "bin" / "aws"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "from" / "deep").mkdir(parents=True)
    (tmp_path / "from" / "a.txt").write_text("a")
    (tmp_path / "from" / "deep" / "b.bin").write_text("bb")
    return tmp_path / "from"


def test_aws_copies_and_synchronises_folders(aws, folder, tmp_path):
    to = tmp_path / "to"
    aws("s3", "cp", folder / "a.txt", f"{to}/")
    assert (to / "a.txt").read_text() == "a"
    aws("s3", "cp", folder, to, "--recursive", "--exclude", "*", "--include", "*.bin", "--quiet")
    assert (to / "deep" / "b.bin").read_text() == "bb"
    (to / "old").write_text("x")
    assert "a.txt" not in aws("s3", "sync", folder, to, "--delete", "--region", "us-west-2")
    assert not (to / "old").exists()
    (folder / "a.txt").write_text("c")  # as long as before
    os.utime(folder / "a.txt", (later := (to / "a.txt").stat().st_mtime + 5, later))
    last = ("--include", "*.bin", "--exclude", "*")  # the last one that fits decides
    assert aws("s3", "sync", folder, to, *last) == ""
    assert aws("s3", "sync", folder, to).startswith(f"copy: {folder} a.txt")
    assert (to / "a.txt").read_text() == "c"


def test_aws_says_what_it_cannot_do(aws, folder, tmp_path):
    assert "--recursive" in aws("s3", "cp", folder, tmp_path / "to", code=1)
    assert "does not exist" in aws("s3", "cp", folder / "none", tmp_path / "to", code=1)
    assert "invalid choice" in aws("ec2", "run-instances", "x", code=252)


def test_aws_reaches_buckets_through_boto3(aws, folder, tmp_path, rehearsed_aws, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": rehearsed_aws,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="bucket")
    aws("s3", "sync", folder, "s3://bucket/data")
    aws("s3", "cp", folder / "a.txt", "s3://bucket/one/")
    assert aws("s3", "ls", "s3://bucket/data").split() == ["PRE", "data/"]
    folder_line, file_line = aws("s3", "ls", "s3://bucket/data/").splitlines()
    assert folder_line == f"{'':26} PRE deep/"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d          1 a\.txt", file_line)
    keys = [line.split()[-1] for line in aws("s3", "ls", "bucket", "--recursive").splitlines()]
    assert keys == ["data/a.txt", "data/deep/b.bin", "one/a.txt"]
    assert aws("s3", "ls", "s3://bucket/none", code=1) == ""
    aws("s3", "cp", "s3://bucket/one/a.txt", tmp_path / "back.txt")
    aws("s3", "cp", folder / "a.txt", "s3://bucket")
    assert "a.txt" in aws("s3", "ls", "s3://bucket/a.txt")
    aws("s3", "sync", "s3://bucket/data/", tmp_path / "back")
    assert "copy" not in aws("s3", "sync", tmp_path / "back", "s3://bucket/data")
    assert (tmp_path / "back.txt").read_text() == "a"
    assert (tmp_path / "back" / "deep" / "b.bin").read_text() == "bb"


def test_a_job_has_aws_only_where_the_machine_has_none(job, tmp_path):
    script = "import os, shutil; print(shutil.which('aws'))"
    job.run(script, environment={"PATH": "/nowhere"})
    assert job.log() == f"{COMPAT / 'bin' / 'aws'}\n"
    (tmp_path / "aws").write_text("#!/bin/sh\n")
    (tmp_path / "aws").chmod(0o700)
    (job.path / "logs" / "rank-0.log").unlink()
    job.run(script, environment={"PATH": str(tmp_path)})
    assert job.log() == f"{tmp_path / 'aws'}\n"
