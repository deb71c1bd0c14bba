"""Following a job through answers that moto does not give: states in time, trouble, stopping."""

from __future__ import annotations

import pytest
from aws_support import LOG_GROUP, record
from backend_bench import FIRST, Bench, plan_of

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.backend import News
from jupyter_sdt.launch.remote import backend as sagemaker_backend
from jupyter_sdt.launch.remote import follower as remote_follower
from jupyter_sdt.launch.remote import pace as remote_pace

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(remote_follower, "SETTLE_SECONDS", 0.0)
    made = Bench()
    made.create(plan_of(made))
    return made


def test_phases_come_once_and_with_the_time_of_the_service(bench):
    bench.describe("InProgress", "Starting", "Starting")
    bench.describe("InProgress", "Training", "Starting", "Interrupted", "Training")
    bench.no_logs(2)
    assert bench.poll() is None
    assert [step.secondary_status for step in bench.backend.news().transitions] == ["Starting"]
    assert bench.poll() is None
    steps = bench.backend.news().transitions
    assert [(s.secondary_status, s.start_seconds) for s in steps] == [
        ("Interrupted", FIRST.replace(minute=1).timestamp()),
        ("Training", FIRST.replace(minute=2).timestamp()),
    ]


def test_a_failure_brings_reason_and_exit_code(bench):
    reason = 'AlgorithmError: ExecuteUserScriptError:\nExitCode 3\nErrorMessage "x"'
    bench.describe("Failed", "Failed", "Starting", "Failed", FailureReason=reason)
    bench.no_logs(2)
    outcome = bench.poll()
    assert (outcome.exit_code, outcome.reason, outcome.secondary_status) == (3, reason, "Failed")
    assert [step.secondary_status for step in bench.backend.news().transitions] == ["Starting"]


def test_what_was_billed_saved_and_measured_is_noted(bench):
    bench.describe(
        "Completed",
        "Completed",
        TrainingTimeInSeconds=1000,
        BillableTimeInSeconds=300,
        FinalMetricDataList=[{"MetricName": "loss", "Value": 0.25, "Timestamp": FIRST}],
    )
    bench.no_logs(2)
    assert bench.poll().exit_code == 0
    notes = bench.backend.collect()
    assert notes[:3] == (
        "training seconds 1000, billable seconds 300, 70% saved",
        "final loss: 0.25",
        "model: s3://b/m",
    )
    assert notes[3].startswith("cost 0.1173 USD at 1.408 USD an hour: us-east-1's on-demand price")
    billing = bench.backend.news().billing
    assert (billing.billable_seconds, billing.training_seconds) == (300, 1000)


@pytest.mark.parametrize(
    ("secondary", "status"), [("MaxRuntimeExceeded", "Stopped"), ("MaxWaitTimeExceeded", "Stopped")]
)
def test_the_service_names_the_end(bench, secondary, status):
    bench.describe(status, secondary)
    bench.no_logs(2)
    assert bench.poll().secondary_status == secondary


def test_throttling_is_waited_out_longer_each_time(bench):
    pace = bench.backend.follower.describing
    pauses = []
    for _ in range(9):
        bench.sagemaker.add_client_error("describe_training_job", "ThrottlingException")
    bench.no_logs()
    for number in range(9):
        pace._due = 0.0
        bench.backend.follower.reading._due = 0.0 if number == 0 else float("inf")
        assert bench.backend.poll() is None
        pauses.append(pace._pause)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert bench.backend.news().notes == ()
    bench.describe("InProgress", "Training", "Training")
    pace._due = 0.0
    assert bench.backend.poll() is None
    assert pace._pause == 12.5


def test_one_of_too_many_jobs_is_sent_again(monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(remote_pace.time, "sleep", pauses.append)
    made = Bench()
    for _ in range(3):
        made.sagemaker.add_client_error("create_training_job", "ThrottlingException")
    made.create(plan_of(made))
    made.sagemaker.assert_no_pending_responses()
    assert [1 <= p <= 2 or 2 <= p <= 4 or 4 <= p <= 8 for p in pauses] == [True] * 3
    other = Bench(job_name="other")
    for _ in range(8):
        other.sagemaker.add_client_error("create_training_job", "ThrottlingException")
    with pytest.raises(LaunchError, match="AWS is asked too often for the training job other"):
        other.create(plan_of(other))


def test_expired_credentials_are_told_renewed_and_survived(bench):
    bench.sagemaker.add_client_error("describe_training_job", "ExpiredTokenException", "expired")
    bench.no_logs()
    assert bench.poll() is None
    assert bench.renewed == 1
    (note,) = bench.backend.news().notes
    assert note.startswith("DescribeTrainingJob fails, the job itself goes on: ")
    assert "log in again" in note
    bench.describe("InProgress", "Training", "Training")
    bench.no_logs()
    assert bench.poll() is None
    assert bench.backend.news().notes == ()


def test_a_job_that_is_gone_has_failed(bench):
    message = "Requested resource not found."
    bench.sagemaker.add_client_error("describe_training_job", "ValidationException", message)
    bench.no_logs(2)
    assert "not found" in bench.poll().reason


def test_stopping_asks_the_service_once(bench):
    bench.sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": "job"})
    bench.backend.terminate()
    bench.backend.kill()
    bench.sagemaker.assert_no_pending_responses()
    bench.describe("Stopped", "Stopped")
    bench.no_logs(2)
    assert bench.poll().secondary_status == "Stopped"
    bench.backend.kill()


def test_a_stop_that_is_refused_is_told_and_tried_again(bench):
    bench.sagemaker.add_client_error("stop_training_job", "AccessDeniedException", "no")
    bench.sagemaker.add_response("stop_training_job", {})
    bench.backend.terminate()
    assert "add sagemaker:StopTrainingJob" in bench.backend.news().notes[0]
    bench.backend.kill()
    bench.sagemaker.assert_no_pending_responses()


def test_logs_that_may_not_be_read_do_not_end_anything(bench):
    bench.describe("InProgress", "Training", "Training")
    bench.logs.add_client_error("describe_log_streams", "AccessDeniedException", "no")
    assert bench.poll() is None
    assert "add logs:DescribeLogStreams" in bench.backend.news().notes[0]


def test_streams_and_events_are_read_page_by_page(bench):
    prefix = {"logGroupName": LOG_GROUP, "logStreamNamePrefix": "job/"}
    names = [f"job/algo-{node}-1" for node in range(1, 61)]
    pages = [names[:50], names[50:]]
    for number, page in enumerate(pages):
        told = {} if number == 0 else {"nextToken": "t1"}
        answer = {"logStreams": [{"logStreamName": name} for name in page]}
        more = {"nextToken": "t1"} if number == 0 else {}
        bench.logs.add_response("describe_log_streams", {**answer, **more}, {**prefix, **told})
    bench.backend.follower.logs.find_streams()
    for name in sorted(names):
        texts = [["first", record(7, 1, loss=1.0)], ["second"], []]
        for number, lines in enumerate(texts):
            events = [{"timestamp": 1, "message": line, "ingestionTime": 1} for line in lines]
            answer = {"events": events, "nextForwardToken": f"f{min(number, 1)}"}
            asked = {
                "logGroupName": LOG_GROUP,
                "logStreamName": name,
                "startFromHead": True,
                **({"nextToken": f"f{number - 1}"} if number else {}),
            }
            bench.logs.add_response("get_log_events", answer, asked)
    assert bench.backend.follower.logs.copy() == 180
    bench.logs.assert_no_pending_responses()
    assert bench.directory.log(59).read_text() == "first\nsecond\n"
    assert len(bench.directory.metric(7).read_text().splitlines()) == 60


def test_secret_variables_are_put_in_at_the_last_moment(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "canary-of-the-user")
    made = Bench(secret_names=("MY_TOKEN",))
    expected = {**made.request, "Environment": {"MY_TOKEN": "canary-of-the-user"}}
    assert made.request["Environment"] == {"MY_TOKEN": "********"}
    answer = {"TrainingJobArn": "arn:aws:x"}
    made.sagemaker.add_response("create_training_job", answer, expected)
    made.backend.submit(plan_of(made))
    made.sagemaker.assert_no_pending_responses()


def test_nothing_is_stopped_that_was_never_created():
    made = Bench()
    made.backend.kill()
    made.backend.terminate()
    made.sagemaker.assert_no_pending_responses()
    assert made.backend.news() == News()


def test_at_rest_the_service_is_asked_once_in_ten_seconds(bench):
    pace = bench.backend.follower.describing
    for now in range(0, 1000, 20):
        pace.went_well(now)
    assert 10 <= pace._due - now <= 12.5
    assert not pace.due(now + 9.9)


def test_a_job_that_nobody_sees_and_nobody_can_stop_is_given_up(bench, monkeypatch):
    monkeypatch.setattr(sagemaker_backend, "UNSEEN_SECONDS", -1.0)
    bench.describe("InProgress", "Training", "Training")
    bench.no_logs(1)
    bench.directory.path.rename(bench.directory.path.with_name("gone"))
    outcome = bench.poll()
    assert (outcome.exit_code, "was deleted" in outcome.reason) == (1, True)
