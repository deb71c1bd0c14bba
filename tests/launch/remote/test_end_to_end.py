"""A job over real HTTP: uploaded, created, described, its logs and metrics read back."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from aws_support import ACCOUNT, BUCKET, CANARIES, REGION, Account, record, remote

from jupyter_sdt.errors import JobError
from jupyter_sdt.estimator import CellSource
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.spec.job_spec import Cell


@pytest.fixture
def finished(account: Account, script: Path) -> TrainingJob:
    """One job that ran to its end, with logs of both of its nodes."""
    lines = ["epoch 1", "loss: 0.5", f"[1,mpirank:0,algo-1]<stdout>:{record(0, 3, loss=0.25)}"]
    account.write_log("digits", 1, lines)
    account.write_log("digits", 2, [record(1, 3, loss=0.75), "bye"])
    estimator = remote(
        script,
        hyperparameters={"name": "a b"},
        environment={"PLAIN": "seen", "MY_TOKEN": CANARIES[2]},
        metric_definitions=[{"Name": "printed", "Regex": "loss: ([0-9.]+)"}],
    )
    job = estimator.start(f"s3://{BUCKET}/data", job_name="digits")
    job.wait(timeout_seconds=60)
    return job


def test_the_job_reaches_the_service_and_its_story_comes_back(
    finished: TrainingJob, account: Account
) -> None:
    sent = account.sent("digits")
    assert sent["HyperParameters"]["name"] == '"a b"'
    assert sent["OutputDataConfig"]["S3OutputPath"] == f"s3://{BUCKET}/"
    assert sent["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/data")

    state = finished.state()
    assert (state.secondary_status, state.exit_code, state.launcher) == (
        *("Completed", 0),
        "sagemaker",
    )
    assert f"region {REGION}" in state.notes
    assert any(note.startswith("estimate: 2 x ml.g5.xlarge: 2.816 USD") for note in state.notes)
    assert any(note.startswith("model: s3://") for note in state.notes)

    assert list(finished.logs(0)) == ["epoch 1", "loss: 0.5"]
    assert list(finished.logs(1)) == ["bye"]
    found = {(r.source, r.rank, r.step, *r.values.items()) for r in finished.metrics()}
    assert found == {
        ("script", 0, 3, ("loss", 0.25)),
        ("script", 1, 3, ("loss", 0.75)),
        ("regex", 0, None, ("printed", 0.5)),
    }
    assert TrainingJob.attach("digits").describe()["TrainingJobStatus"] == "Completed"


def test_nothing_secret_is_in_any_file_of_the_job(finished: TrainingJob) -> None:
    files = [path for path in finished.directory.path.rglob("*") if path.is_file()]
    assert finished.directory.plan_file in files
    for path in files:
        content = path.read_bytes()
        assert [word for word in CANARIES if word.encode() in content] == [], path
    plan = json.loads(finished.directory.plan_file.read_bytes())
    assert plan["request"]["Environment"] == {"PLAIN": "seen", "MY_TOKEN": "********"}
    assert plan["request"]["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/Training"


def test_source_and_runtime_lie_in_the_archive(finished: TrainingJob, account: Account) -> None:
    names = archive(account, "digits").getnames()
    assert "train.py" in names
    assert "jupyter_sdt/runtime/metrics.py" in names
    assert "sdt_entry.py" not in names
    assert not [name for name in names if "launch" in name or "__pycache__" in name]


def test_a_cell_goes_through_the_runtime_with_its_variables(account: Account, script: Path) -> None:
    estimator = remote(None)
    cell = CellSource(source="print(rows)\n", cell=Cell(execution_count=4))
    job = estimator.start(job_name="cell-1", cell=cell, variables={"rows": b"\x80\x04K\x05."})
    job.wait(timeout_seconds=60)
    packed = archive(account, "cell-1")
    assert account.sent("cell-1")["HyperParameters"]["sagemaker_program"] == '"sdt_entry.py"'
    told = packed.extractfile("sdt_job/job.json").read()
    assert json.loads(told)["variables_in"] == ["rows"]
    assert packed.extractfile("sdt_job/variables/in/rows.pickle").read() == b"\x80\x04K\x05."


def test_a_role_given_by_name_is_looked_up(account: Account, script: Path) -> None:
    made = account.client("iam").create_role(
        RoleName="Deep", Path="/teams/a/", AssumeRolePolicyDocument="{}"
    )
    remote(script, role="Deep").start(job_name="named").wait(timeout_seconds=60)
    assert account.sent("named")["RoleArn"] == made["Role"]["Arn"]


def test_what_the_service_refuses_is_the_reason_of_the_failure(
    account: Account, script: Path
) -> None:
    job = remote(script, role="Nobody").start(job_name="refused")
    with pytest.raises(JobError, match=r"role='Nobody'.*NoSuchEntity"):
        job.wait(timeout_seconds=60)


def archive(account: Account, job_name: str) -> tarfile.TarFile:
    key = f"{job_name}/source/sourcedir.tar.gz"
    body = account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return tarfile.open(fileobj=io.BytesIO(body))
