"""Jobs over real HTTP: uploaded, created, run, their logs and metrics read back."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aws_support import (
    ACCOUNT,
    BUCKET,
    CANARIES,
    REGION,
    Account,
    credentials_of_nobody,
    remote,
    serving,
)

from jupyter_sdt.errors import JobError
from jupyter_sdt.estimator import CellSource
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.job_spec import Cell

SCRIPT = """
import os
from jupyter_sdt.runtime import log_metrics
first = os.environ["SM_CURRENT_HOST"] == "algo-1"
print("epoch 1" if first else "bye")
if first:
    print("loss: 0.5", os.environ["PLAIN"])
log_metrics(step=3, loss=0.25 if first else 0.75)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Iterator[tuple[TrainingJob, Account]]:
    """One job that ran to its end on both of its nodes."""
    folder = tmp_path_factory.mktemp("sent")
    script = folder / "train.py"
    script.write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        credentials_of_nobody(patch, folder)
        account = stack.enter_context(serving(patch))
        patch.setenv("SDT_JOBS_DIR", str(folder / "jobs"))
        account.make_bucket(BUCKET)
        account.client("s3").put_object(Bucket=BUCKET, Key="data/one", Body=b"1")
        estimator = remote(
            script,
            hyperparameters={"name": "a b"},
            environment={"PLAIN": "seen", "MY_TOKEN": CANARIES[2]},
            metric_definitions=[{"Name": "printed", "Regex": "loss: ([0-9.]+)"}],
        )
        job = estimator.start(f"s3://{BUCKET}/data", job_name="digits")
        job.wait(timeout_seconds=150)
        yield job, account


def test_the_job_reaches_the_service_and_its_story_comes_back(finished) -> None:
    job, account = finished
    sent = account.sent("digits")
    assert sent["HyperParameters"]["name"] == '"a b"'
    assert sent["OutputDataConfig"]["S3OutputPath"] == f"s3://{BUCKET}/"
    assert sent["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/data")

    state = job.state()
    told = (state.secondary_status, state.exit_code, state.launcher)
    assert told == ("Completed", 0, "sagemaker")
    assert f"region {REGION}" in state.notes
    assert any(note.startswith("estimate: 2 x ml.g5.xlarge: 2.816 USD") for note in state.notes)
    assert any(note.startswith("model: s3://") for note in state.notes)

    assert list(job.logs(0)) == ["epoch 1", "loss: 0.5 seen"]
    assert list(job.logs(1)) == ["bye"]
    found = {(r.source, r.rank, r.step, *r.values.items()) for r in job.metrics()}
    assert found == {
        ("script", 0, 3, ("loss", 0.25)),
        ("script", 1, 3, ("loss", 0.75)),
        ("regex", 0, None, ("printed", 0.5)),
    }
    assert job.describe()["TrainingJobStatus"] == "Completed"


def test_nothing_secret_is_in_any_file_of_the_job(finished) -> None:
    job, _ = finished
    files = [path for path in job.directory.path.rglob("*") if path.is_file()]
    assert job.directory.plan_file in files
    for path in files:
        content = path.read_bytes()
        assert [word for word in CANARIES if word.encode() in content] == [], path
    plan = json.loads(job.directory.plan_file.read_bytes())
    assert plan["request"]["Environment"] == {"PLAIN": "seen", "MY_TOKEN": "********"}
    assert plan["request"]["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/Training"


def test_source_and_runtime_lie_in_the_archive(finished) -> None:
    names = archive(finished[1], "digits").getnames()
    assert "train.py" in names
    assert "jupyter_sdt/runtime/metrics.py" in names
    assert "sdt_entry.py" not in names
    assert not [name for name in names if "launch" in name or "__pycache__" in name]


def test_a_cell_goes_through_the_runtime_with_its_variables(account: Account) -> None:
    cell = CellSource(source="print(rows)\n", cell=Cell(execution_count=4))
    estimator = remote(None, instance_count=1)
    job = estimator.start(job_name="cell-1", cell=cell, variables={"rows": b"\x80\x04K\x05."})
    job.wait(timeout_seconds=150)
    assert list(job.logs()) == ["5"]
    packed = archive(account, "cell-1")
    assert account.sent("cell-1")["HyperParameters"]["sagemaker_program"] == '"sdt_entry.py"'
    told = packed.extractfile("sdt_job/job.json").read()
    assert json.loads(told)["variables_in"] == ["rows"]
    assert packed.extractfile("sdt_job/variables/in/rows.pickle").read() == b"\x80\x04K\x05."


def test_a_role_given_by_name_is_looked_up(account: Account, script: Path) -> None:
    arn = account.make_role("Deep", "/teams/a/")
    estimator = remote(script, role="Deep", instance_count=1)
    estimator.start(job_name="named").wait(timeout_seconds=150)
    assert account.sent("named")["RoleArn"] == arn


def test_what_the_service_refuses_is_the_reason_of_the_failure(
    account: Account, script: Path
) -> None:
    job = remote(script, role="Nobody").start(job_name="refused")
    with pytest.raises(JobError, match=r"role='Nobody'.*NoSuchEntity"):
        job.wait(timeout_seconds=90)
    assert "CreateTrainingJob" not in account.service.calls


def archive(account: Account, job_name: str) -> tarfile.TarFile:
    key = f"{job_name}/source/sourcedir.tar.gz"
    body = account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return tarfile.open(fileobj=io.BytesIO(body))
