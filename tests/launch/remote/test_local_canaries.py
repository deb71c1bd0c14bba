"""Local jobs that use S3 in every way leave no credential of AWS anywhere."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from aws_support import CANARIES, Account

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.errors import JobError

KEYS = (*CANARIES[:2], "AKIACANARYCANARYCANA")
SCRIPT = """
import os, pathlib
folder = os.environ["SM_INPUT_DIR"] + "/data"
with open(f"{folder}/lines_0", "rb") as pipe:
    print(pipe.read(), os.listdir(folder + "/train"))
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights").write_text("trained")
pathlib.Path(os.environ["SM_MODEL_DIR"], "../checkpoints/one").write_text("saved")
"""


@pytest.fixture
def bucket(account: Account):
    s3 = account.client("s3")
    account.make_bucket("mine")
    s3.put_object(Bucket="mine", Key="data/a", Body=b"1")
    return s3


def secrets_in(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if any(key.encode() in path.read_bytes() for key in KEYS)]


def test_nothing_of_the_credentials_is_written_or_told(bucket, tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    estimator = PyTorch(
        entry_point=str(tmp_path / "train.py"),
        output_path="s3://mine/out",
        checkpoint_s3_uri="s3://mine/checkpoints",
    )
    lines = TrainingInput("s3://mine/data", input_mode="Pipe")
    job = estimator.start({"train": "s3://mine/data", "lines": lines}, job_name="all")
    job.wait(timeout_seconds=120)
    assert list(job.logs()) == ["b'1' ['a']"]
    kept = {entry["Key"] for entry in bucket.list_objects_v2(Bucket="mine")["Contents"]}
    assert {"checkpoints/one", "out/all/output/model.tar.gz"} <= kept
    assert secrets_in(job.directory.path) == []

    failing = estimator.start({"train": "s3://mine/nothing"}, job_name="none")
    with pytest.raises(JobError) as caught:
        failing.wait(timeout_seconds=120)
    assert secrets_in(failing.directory.path) == []
    told = "".join(traceback.format_exception(caught.value))
    assert not any(key in told for key in KEYS)
