"""``output_path``, ``checkpoint_s3_uri`` and ``source_dir`` of local jobs in a rehearsed bucket."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from support import until

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import JobError, SdtError

SAVING = """
import os, pathlib
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights").write_text("trained")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "curve").write_text("down")
"""
# Says what it finds, saves one file, waits until somebody has seen it in S3, saves another.
CHECKPOINTS = """
import os, pathlib, time
folder = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints"
print(sorted(path.name for path in folder.iterdir()))
(folder / "first").write_text("1")
while not (folder / "seen").exists():
    time.sleep(0.05)
(folder / "last").write_text("2")
"""


@pytest.fixture
def account(aws):
    return aws()


def job_of(tmp_path: Path, script: str, **arguments):
    entry_point = tmp_path / "train.py"
    entry_point.write_text(script)
    return PyTorch(entry_point=str(entry_point), **arguments)


def names(packed: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as opened:
        return opened.getnames()


def test_archives_go_to_the_bucket_and_do_not_stay(account, tmp_path):
    estimator = job_of(tmp_path, SAVING, output_path="s3://bucket/out/")
    estimator.fit(job_name="packed")
    assert estimator.model_data == "s3://bucket/out/packed/output/model.tar.gz"
    assert names(account.read(estimator.model_data)) == ["weights"]
    assert names(account.read("s3://bucket/out/packed/output/output.tar.gz")) == ["curve"]
    directory = estimator.latest_training_job.directory
    assert [path for path in directory.artifacts.rglob("*") if path.is_file()] == []


def test_loose_files_where_nothing_is_to_be_packed(account, tmp_path):
    estimator = job_of(tmp_path, SAVING, output_path="s3://bucket", disable_output_compression=True)
    estimator.fit(job_name="loose")
    assert account.read("s3://bucket/loose/output/model/weights") == b"trained"


def test_a_bucket_that_is_not_there_is_known_before_the_training(account, tmp_path):
    estimator = job_of(tmp_path, SAVING, output_path="s3://nowhere/out")
    with pytest.raises(JobError, match="output_path s3://nowhere/out"):
        estimator.fit(job_name="early")
    assert not estimator.latest_training_job.directory.log(0).exists()


def test_what_cannot_be_sent_is_kept_and_its_place_is_said(account, tmp_path):
    going = "import boto3\nboto3.client('s3').delete_bucket(Bucket='bucket')\n"
    estimator = job_of(tmp_path, SAVING + going, output_path="s3://bucket/out")
    with pytest.raises(JobError) as caught:
        estimator.fit(job_name="kept")
    kept = estimator.latest_training_job.directory.artifacts
    assert f"nothing is lost, it lies in {kept}" in str(caught.value)
    assert names((kept / "model.tar.gz").read_bytes()) == ["weights"]


def test_a_failed_training_stays_the_reason_when_its_output_cannot_be_sent_either(
    account, tmp_path
):
    going = "import boto3\nboto3.client('s3').delete_bucket(Bucket='bucket')\n1 / 0\n"
    estimator = job_of(tmp_path, SAVING + going, output_path="s3://bucket/out")
    with pytest.raises(JobError, match="ZeroDivisionError"):
        estimator.fit(job_name="both")
    assert any("nothing is lost" in note for note in estimator.latest_training_job.state().notes)


def test_checkpoints_come_back_and_follow_while_the_script_runs(account, tmp_path):
    account.put("s3://bucket/saved/old", b"0")
    estimator = job_of(tmp_path, CHECKPOINTS, checkpoint_s3_uri="s3://bucket/saved")
    job = estimator.start(job_name="following")

    def first() -> bytes | None:
        try:
            return account.read("s3://bucket/saved/first")
        except account.client("s3").exceptions.NoSuchKey:
            return None

    assert until(first, 60) == b"1"
    (job.directory.checkpoints / "seen").write_text("")
    job.wait(timeout_seconds=60)
    assert list(job.logs()) == ["['old']"]
    assert account.read("s3://bucket/saved/last") == b"2"
    assert account.read("s3://bucket/saved/old") == b"0"


def test_the_source_may_be_an_archive_in_the_bucket(account, tmp_path, packed_source):
    account.put("s3://bucket/code.tar.gz", packed_source)
    estimator = PyTorch(entry_point="train.py", source_dir="s3://bucket/code.tar.gz")
    job = estimator.start(job_name="fetched")
    job.wait(timeout_seconds=60)
    assert list(job.logs()) == ["helped"]
    for entry_point, uri, words in (
        ("nope.py", "s3://bucket/code.tar.gz", "nope.py does not exist"),
        ("train.py", "s3://bucket/none.tar.gz", "source_dir s3://bucket/none.tar.gz"),
    ):
        with pytest.raises(SdtError, match=words):
            PyTorch(entry_point=entry_point, source_dir=uri).start(job_name="no")
        assert not (tmp_path / "jobs" / "no").exists()


@pytest.fixture
def packed_source() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as opened:
        for name, text in {"train.py": "import helper\n", "helper.py": "print('helped')\n"}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            opened.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()
