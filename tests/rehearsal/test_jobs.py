"""Jobs that really run: their phases, logs, results and ends, over HTTP."""

from __future__ import annotations

import io
import json
import tarfile

import boto3
import pytest
from aws_support import archive
from support import until

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import SpecError
from jupyter_sdt.job import TrainingJob

REPORT = """
    import json, os, sys
    channel = os.environ["SM_CHANNEL_TRAIN"]
    print(json.dumps([sys.argv[1:], sorted(os.listdir(channel)), os.environ["MINE"]]))
    print("loss: 0.5")
    print("loss: 0.25")
    with open(os.path.join(os.environ["SM_MODEL_DIR"], "weights"), "w") as file:
        file.write("learnt")
"""
TRAIN = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}},
}
FOREVER = """
    import os, signal, sys, time
    def leave(*_):
        print("asked to leave", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
    print("training", flush=True)
    while True:
        time.sleep(0.05)
"""


def phases(described) -> list[str]:
    return [phase["Status"] for phase in described["SecondaryStatusTransitions"]]


def test_a_job_runs_with_the_contract_of_the_container_and_leaves_its_results(aws):
    account = aws()
    account.put("s3://bucket/data/a.csv", b"1,2")
    account.put("s3://bucket/data/deep/b.csv", b"3,4")
    account.create(
        "whole",
        REPORT,
        hyperparameters={"lr": 0.1, "words": "a b"},
        InputDataConfig=[TRAIN],
        Environment={"MINE": "seen"},
        AlgorithmSpecification={
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": r"loss: ([0-9.]+)"}],
        },
    )
    told = account.wait("whole")
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    assert phases(told) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    expected = [["--lr", "0.1", "--words", "a b"], ["a.csv", "deep"], "seen"]
    assert json.loads(account.log("whole")[0]) == expected
    final = [(metric["MetricName"], metric["Value"]) for metric in told["FinalMetricDataList"]]
    assert final == [("loss", 0.25)]
    model = account.read(told["ModelArtifacts"]["S3ModelArtifacts"])
    with tarfile.open(fileobj=io.BytesIO(model)) as packed:
        assert packed.extractfile("weights").read() == b"learnt"


def test_an_exception_is_the_reason_of_the_failure(aws):
    account = aws()
    account.create("broken", "raise ValueError('no such layer')")
    told = account.wait("broken")
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith("AlgorithmError: ")
    assert "no such layer" in told["FailureReason"]
    assert "ModelArtifacts" not in told
    assert any("ValueError: no such layer" in line for line in account.log("broken"))


def test_data_that_is_not_there_fails_the_job_before_training(aws):
    account = aws()
    account.create("empty", InputDataConfig=[TRAIN])
    told = account.wait("empty")
    assert told["TrainingJobStatus"] == "Failed"
    assert phases(told) == ["Starting", "Downloading", "Failed"]
    assert "no S3 objects found under prefix: s3://bucket/data/" in told["FailureReason"]


def test_stop_lets_the_script_clean_up(aws):
    account = aws()
    account.create("long", FOREVER)
    account.wait("long", "Training")
    until(lambda: "training" in account.log("long"), 60)
    account.client("sagemaker").stop_training_job(TrainingJobName="long")
    assert account.describe("long")["TrainingJobStatus"] in ("Stopping", "Stopped")
    told = account.wait("long")
    assert told["TrainingJobStatus"] == "Stopped"
    assert account.log("long")[-1] == "asked to leave"


def test_a_job_that_outstays_its_time_is_ended(aws):
    account = aws()
    account.create("late", FOREVER, StoppingCondition={"MaxRuntimeInSeconds": 1})
    told = account.wait("late")
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_spot_job_goes_on_from_its_checkpoint_after_an_interruption(aws):
    account = aws(pending_seconds=0.1)
    script = """
        import os, time
        from pathlib import Path
        mark = Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints" / "step"
        if not mark.exists():
            mark.write_text("7")
            print("saved", flush=True)
            time.sleep(60)
        print("resumed at step", mark.read_text())
    """
    account.create(
        "spot",
        script,
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 700},
        CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
    )
    until(lambda: "saved" in account.log("spot"), 60)
    until(lambda: account.has("s3://bucket/checkpoints/step"), 60)  # while it runs
    account.rehearsal.interrupt("spot")
    told = account.wait("spot")
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    first = ["Starting", "Downloading", "Training"]
    begun = ["Starting", "Pending", *first, "Interrupted", *first]
    assert phases(told) == [*begun, "Uploading", "Completed"]
    assert told["BillableTimeInSeconds"] <= told["TrainingTimeInSeconds"]
    assert account.read("s3://bucket/checkpoints/step") == b"7"
    assert "resumed at step 7" in account.log("spot")


def test_a_failure_of_the_service_is_retried_as_often_as_the_job_allows(aws):
    account = aws()
    script = "import time; print('training', flush=True); time.sleep(300)"
    account.create("fragile", script, RetryStrategy={"MaximumRetryAttempts": 1})
    for runs in (1, 2):
        until(lambda runs=runs: len(account.log("fragile")) == runs, 90)
        account.rehearsal.break_down("fragile")
    told = account.wait("fragile")
    once = ["Downloading", "Training"]
    assert phases(told) == ["Starting", *once, "Restarting", *once, "Failed"]
    assert told["FailureReason"].startswith("InternalServerError: ")


def test_capacity_can_be_taken_away_after_a_time(aws):
    account = aws(interrupt_after_seconds=0.0)
    wait = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 700}
    account.create("brief", EnableManagedSpotTraining=True, StoppingCondition=wait)
    assert "Interrupted" in phases(account.wait("brief"))
    with pytest.raises(SpecError, match="no such job"):
        account.rehearsal.interrupt("nobody")


@pytest.mark.slow
def test_the_estimator_runs_two_ranks_there_and_draws_their_curve(aws, tmp_path):
    account = aws()
    script = tmp_path / "train.py"
    script.write_text(
        "import torch, torch.distributed as dist\n"
        "from jupyter_sdt.runtime import log_metrics\n"
        "dist.init_process_group('gloo')\n"
        "total = torch.ones(1)\n"
        "dist.all_reduce(total)\n"
        "for step in range(3):\n"
        "    log_metrics(step=step, loss=total.item() / (step + 1))\n"
        "print('done')\n"
    )
    estimator = PyTorch(
        entry_point=str(script),
        role=account.client("iam").create_role(
            RoleName="Training",
            AssumeRolePolicyDocument=json.dumps(
                {"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]}
            ),
        )["Role"]["Arn"],
        instance_type="ml.g5.12xlarge",
        instance_count=1,
        framework_version="2.5.1",
        py_version="py311",
        distribution={"torch_distributed": {"enabled": True}},
    )
    estimator.start(job_name="curve").wait(timeout_seconds=120)
    job = TrainingJob.attach("curve")
    assert list(job.logs(0)).count("done") == 2
    losses = {(r.rank, r.step): r.values["loss"] for r in job.metrics()}
    assert losses == {(rank, step): 2 / (step + 1) for rank in (0, 1) for step in range(3)}


def test_jobs_are_listed_newest_and_by_name(aws):
    account = aws()
    account.create("one")
    account.create("two")
    listed = boto3.client("sagemaker").list_training_jobs(NameContains="tw")
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["two"]
    account.wait("one")
    account.wait("two")


def test_programs_of_the_shell_and_modules_run_as_well(aws):
    account = aws()
    sources = {
        "shell": (
            "run.sh",
            {"run.sh": '#!/bin/sh\necho from the shell "$@" on $SM_CURRENT_HOST\n'},
        ),
        "module": ("pkg.train", {"pkg/__init__.py": "", "pkg/train.py": "print(__package__)"}),
    }
    for name, (program, files) in sources.items():
        code = f"s3://bucket/{name}.tar.gz"
        account.put(code, archive(files))
        given = {"sagemaker_program": program, "sagemaker_submit_directory": code, "text": "a b;c"}
        account.create(name, hyperparameters=given)
    for name in sources:
        told = account.wait(name)
        assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    assert account.log("shell") == ["from the shell --text a b;c on algo-1"]
    assert account.log("module") == ["pkg"]
