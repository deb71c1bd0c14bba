"""Jobs followed by their supervisors over HTTP, through what goes wrong on the way."""

from __future__ import annotations

import time

import pytest
from support import until

from jupyter_sdt import PyTorch, list_remote_jobs
from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.estimator.watching import _say_duration
from jupyter_sdt.job import TrainingJob
from jupyter_sdt.launch.remote.fresh_credentials import bring_credentials

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
METRICS = {
    "TrainingImage": "image",
    "TrainingInputMode": "File",
    "MetricDefinitions": [{"Name": "loss", "Regex": r"loss: ([0-9.]+)"}],
}
# Prints a line for each that it finds in its folder's file "say", until that says "end".
OBEDIENT = """
    import os, pathlib, time
    heard, place = 0, pathlib.Path({path!r})
    while True:
        lines = place.read_text().splitlines() if place.exists() else []
        for line in lines[heard:]:
            print(line, flush=True)
        heard = len(lines)
        if "end" in lines:
            break
        time.sleep(0.02)
"""


@pytest.fixture
def say(tmp_path):
    path = tmp_path / "say"

    def add(line: str) -> None:
        with path.open("a") as file:
            file.write(f"{line}\n")

    add.script = OBEDIENT.format(path=str(path))
    return add


def phases(job: TrainingJob) -> list[str]:
    return [step.secondary_status for step in job.state().transitions]


# moto's description of the service does not list this error, which every service may answer.
@pytest.mark.filterwarnings("ignore:Exception")
def test_a_spot_job_is_followed_through_its_interruption_and_its_saving_is_told(
    aws, tmp_path, monkeypatch, capsys
):
    account = aws(throttle_every=3, spot_price_share=0.25)
    monkeypatch.setenv("SDT_PRICES", str(tmp_path / "none.json"))
    script = tmp_path / "train.py"
    script.write_text(
        "import time\nfrom pathlib import Path\n"
        "mark = Path('/opt/ml/checkpoints')\n"
        "import os\nmark = Path(os.environ['SM_MODEL_DIR']).parent / 'checkpoints' / 'step'\n"
        "if not mark.exists():\n"
        "    mark.write_text('7')\n    print('saved', flush=True)\n    time.sleep(300)\n"
        "print('resumed at', mark.read_text())\n"
    )
    estimator = PyTorch(
        entry_point=str(script),
        role=ROLE,
        instance_type="ml.g5.xlarge",
        instance_count=1,
        framework_version="2.5.1",
        py_version="py311",
        output_path="s3://bucket/out",
        checkpoint_s3_uri="s3://bucket/checkpoints",
        use_spot_instances=True,
        max_run=600,
        max_wait=700,
    )
    job = estimator.start(job_name="spot")
    until(lambda: "saved" in list(job.logs()), 150)
    running = job.cost()
    assert (running.final, running.spot) == (False, True)
    account.rehearsal.interrupt("spot")
    state = job.wait(timeout_seconds=120)
    first = ["Starting", "Downloading", "Training"]
    assert phases(job) == [*first, "Interrupted", *first, "Uploading", "Completed"]
    assert list(job.logs())[-1] == "resumed at 7"
    cost, told = job.cost(), account.describe("spot")
    assert cost.seconds == told["BillableTimeInSeconds"]
    assert cost.saved == pytest.approx(1 - cost.seconds / told["TrainingTimeInSeconds"])
    described = job.describe()
    assert described["BillableTimeInSeconds"] == told["BillableTimeInSeconds"]
    assert described["EnableManagedSpotTraining"] is True
    assert cost.amount == pytest.approx(1.408 * cost.seconds / 3600)
    assert any(note.startswith("rehearsed, would cost ") for note in state.notes)
    _say_duration(state)
    assert f"Cost: {cost.seconds:.0f} s billed" in capsys.readouterr().out


def test_expired_credentials_are_asked_for_and_nothing_is_lost(aws, say, monkeypatch):
    account = aws()
    account.create("long", say.script)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOLDOLDOLDOLDOLDO")
    job = TrainingJob.attach("long")
    say("before")
    until(lambda: list(job.logs()) == ["before"], 120)
    assert not bring_credentials(job.directory, {"AWS_ACCESS_KEY_ID": "nobody asked"})

    account.rehearsal.expire("AKIAOLDOLDOLDOLDOLDO")
    say("meanwhile")
    asked = "credentials of variables are brought by TrainingJob.attach('long')"
    until(lambda: any(asked in note for note in job.state().notes), 120)
    assert list(job.logs()) == ["before"]
    assert job.status == "InProgress"

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANEWNEWNEWNEWNEWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-new-credentials")
    again = TrainingJob.attach("long")
    until(lambda: list(again.logs()) == ["before", "meanwhile"], 120)
    say("end")
    state = again.wait(timeout_seconds=120)
    assert list(again.logs()) == ["before", "meanwhile", "end"]
    assert not [note for note in state.notes if "fails" in note]
    files = [path for path in job.directory.path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"canary-of-new" in path.read_bytes()]


def test_every_stream_of_many_nodes_is_read(aws, say):
    account = aws()
    account.create("wide", say.script)
    account.wait("wide", "Training")
    until(lambda: say("ready") or "ready" in account.log("wide"), 120)
    logs = account.client("logs")
    for node in range(2, 62):
        stream = f"wide/algo-{node}-1"
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": f"node {node}"}
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[event])
    job = TrainingJob.attach("wide")
    until(lambda: len(list(job.directory.logs.glob("rank-*.log"))) == 61, 120)
    assert job.directory.log(60).read_text() == "node 61\n"
    say("end")
    job.wait(timeout_seconds=120)


def test_where_the_log_may_not_be_read_metrics_come_from_cloudwatch(aws, say):
    account = aws(denied=("DescribeLogStreams",))
    account.create("mute", say.script, AlgorithmSpecification=METRICS)
    job = TrainingJob.attach("mute")
    until(lambda: any("logs:DescribeLogStreams" in n for n in job.state().notes), 120)
    for line in ("loss: 0.5", "loss: 0.25", "end"):
        say(line)
    job.wait(timeout_seconds=90)
    values = [r.values["loss"] for r in job.metrics() if r.source == "regex"]
    # CloudWatch averages each minute; the very last value is told by the job itself.
    assert values[-1] == 0.25
    assert 0.25 <= values[0] <= 0.5
    assert list(job.logs()) == []
    assert [metric["Value"] for metric in job.describe()["FinalMetricDataList"]] == [0.25]


def test_jobs_of_the_account_are_listed_page_by_page(aws):
    account = aws()
    for number in range(3):
        account.create(f"job-{number}", "print()")
    account.create("other", "raise SystemExit(1)")
    for name in ("job-0", "job-1", "job-2", "other"):
        account.wait(name)
    pages = account.client("sagemaker").get_paginator("list_training_jobs")
    found = list(pages.paginate(SortOrder="Descending", PaginationConfig={"PageSize": 2}))
    assert [len(page["TrainingJobSummaries"]) for page in found] == [2, 2]
    assert [job.name for job in list_remote_jobs()] == ["other", "job-2", "job-1", "job-0"]
    assert [job.name for job in list_remote_jobs(name="job", most=2)] == ["job-2", "job-1"]
    (failed,) = list_remote_jobs(status="Failed")
    assert (failed.name, failed.secondary_status, failed.warm_pool) == ("other", "Failed", "")
    assert failed.ended_seconds >= failed.created_seconds
    assert list_remote_jobs(since_seconds=failed.ended_seconds + 1) == []
    with pytest.raises(SpecError, match=r"status='Complete' .* did you mean 'Completed'"):
        list_remote_jobs(status="Complete")


def test_a_list_that_may_not_be_asked_for_names_the_permission(aws):
    aws(denied=("ListTrainingJobs",))
    with pytest.raises(LaunchError, match="add sagemaker:ListTrainingJobs"):
        list_remote_jobs()
