"""Following a job through what the service answers over HTTP: phases, trouble, stopping."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.backend import News
from jupyter_sdt.launch.remote import backend as sagemaker_backend
from jupyter_sdt.launch.remote import pace as remote_pace
from jupyter_sdt.launch.remote.pace import Pace, patiently
from jupyter_sdt.launch.remote.service_errors import kind_of


def test_phases_come_once_and_with_the_time_of_the_service(bench):
    assert bench.poll() is None
    assert [step.secondary_status for step in bench.backend.news().transitions] == ["Starting"]
    bench.enter("Interrupted", "Restarting", "Training")
    assert bench.poll() is None
    steps = bench.backend.news().transitions
    told = bench.job.describe()["SecondaryStatusTransitions"][1:]
    assert [step.secondary_status for step in steps] == ["Interrupted", "Restarting", "Training"]
    # JSON brings times in milliseconds.
    began = [phase["StartTime"].timestamp() for phase in told]
    assert [step.start_seconds for step in steps] == pytest.approx(began, abs=0.002)


def test_a_failure_brings_reason_and_exit_code(bench):
    reason = 'AlgorithmError: ExecuteUserScriptError:\nExitCode 3\nErrorMessage "x"'
    bench.enter("Failed", reason=reason)
    outcome = bench.poll()
    assert (outcome.exit_code, outcome.reason, outcome.secondary_status) == (3, reason, "Failed")
    assert [step.secondary_status for step in bench.backend.news().transitions] == ["Starting"]


def test_what_was_billed_saved_and_measured_is_noted(make):
    spot = {"use_spot_instances": True, "max_wait": 90_000}
    bench = make(sagemaker=spot).create()
    bench.enter("Training")
    bench.job.training_seconds = 1000.0
    bench.job.final_metrics = lambda: [{"MetricName": "loss", "Value": 0.25, "Timestamp": 1.0}]
    bench.enter("Completed")
    assert bench.poll().exit_code == 0
    notes = bench.backend.collect()
    assert notes[:3] == (
        "training seconds 1000, billable seconds 300, 70% saved",
        "final loss: 0.25",
        f"model: s3://out/models/{bench.name}/output/model.tar.gz",
    )
    assert notes[3].startswith("rehearsed, would cost 0.1173 USD at 1.408 USD an hour")
    billing = bench.backend.news().billing
    assert (billing.billable_seconds, billing.training_seconds) == (300, 1000)


@pytest.mark.parametrize("secondary", ["MaxRuntimeExceeded", "MaxWaitTimeExceeded"])
def test_the_service_names_the_end(bench, secondary):
    bench.enter(secondary)
    assert bench.poll().secondary_status == secondary


def test_throttling_is_waited_out_and_not_told(bench):
    bench.refuse("DescribeTrainingJob", "ThrottlingException", "Rate exceeded", times=2)
    pace, pauses = bench.backend.follower.describing, []
    for _ in range(3):
        pace._due = 0.0
        assert bench.backend.poll() is None
        pauses.append(pace._pause)
    assert pauses == [1, 2, 3]  # the last was answered
    assert bench.backend.news().notes == ()
    assert bench.count("DescribeTrainingJob") == 3


def test_pauses_are_longer_after_each_failure_and_short_again_at_the_end():
    pace, pauses = Pace(first=1.0, longest=12.5), []
    for now in range(9):
        pace.went_wrong(now)
        pauses.append(pace._pause)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    pace.went_well(10)
    assert pace._pause == 12.5


def test_one_of_too_many_jobs_is_sent_again(make, monkeypatch):
    monkeypatch.setattr(remote_pace, "_PAUSES", (0.001,) * 7)
    bench = make()
    bench.refuse("CreateTrainingJob", "ThrottlingException", "Rate exceeded", times=3)
    bench.create()
    assert bench.count("CreateTrainingJob") == 4
    assert bench.job.training_job_status == "InProgress"
    other = make("-2")
    other.refuse("CreateTrainingJob", "ThrottlingException", "Rate exceeded", times=8)
    with pytest.raises(
        LaunchError, match=f"AWS is asked too often for the training job {other.name}"
    ):
        other.create()


def test_jobs_that_are_sent_at_once_wait_longer_for_each_other_each_time(monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(remote_pace.time, "sleep", pauses.append)
    answers = iter([OSError(), OSError(), OSError(), None])

    def call() -> None:
        if error := next(answers):
            raise error

    patiently(call, lambda error: isinstance(error, OSError))
    assert [1 <= p <= 2 or 2 <= p <= 4 or 4 <= p <= 8 for p in pauses] == [True] * 3


def test_expired_credentials_are_told_renewed_and_survived(bench, monkeypatch):
    assert bench.poll() is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXPIREDEXPIREDEX")
    bench.backend.follower._service.renew()
    bench.rehearsal.expire("AKIAEXPIREDEXPIREDEX")
    assert bench.poll() is None
    note = next(n for n in bench.backend.news().notes if n.startswith("DescribeTrainingJob"))
    assert note.startswith("DescribeTrainingJob fails, the job itself goes on: ")
    assert "log in again" in note
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIARENEWEDRENEWEDRE")
    assert bench.poll() is None  # credentials were looked for again
    assert bench.backend.news().notes == ()


def test_a_job_that_is_gone_has_failed(make):
    assert "not found" in make().poll().reason


def test_stopping_asks_the_service_once(bench):
    bench.backend.terminate()
    bench.backend.kill()
    assert bench.count("StopTrainingJob") == 1
    assert bench.job.training_job_status == "Stopping"
    bench.enter("Stopping", "Stopped")
    assert bench.poll().secondary_status == "Stopped"
    bench.backend.kill()
    assert bench.count("StopTrainingJob") == 1


def test_a_stop_that_is_refused_is_told_and_tried_again(bench):
    bench.refuse("StopTrainingJob", "AccessDeniedException", "no")
    bench.backend.terminate()
    assert "add sagemaker:StopTrainingJob" in bench.backend.news().notes[0]
    bench.backend.kill()
    assert bench.job.stop_asked.is_set()


def test_secret_variables_are_put_in_at_the_last_moment(make, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "canary-of-the-user")
    bench = make(secret_names=("MY_TOKEN",))
    assert bench.request["Environment"] == {"MY_TOKEN": "********"}
    bench.create()
    assert bench.job.request["Environment"] == {"MY_TOKEN": "canary-of-the-user"}


def test_nothing_is_stopped_that_was_never_created(make):
    bench = make()
    bench.backend.kill()
    bench.backend.terminate()
    assert bench.count("StopTrainingJob") == 0
    assert bench.backend.news() == News()


def test_at_rest_the_service_is_asked_once_in_ten_seconds(bench):
    pace = bench.backend.follower.describing
    for now in range(0, 1000, 20):
        pace.went_well(now)
    assert 10 <= pace._due - now <= 12.5
    assert not pace.due(now + 9.9)


def test_a_job_that_nobody_sees_and_nobody_can_stop_is_given_up(bench, monkeypatch):
    monkeypatch.setattr(sagemaker_backend, "UNSEEN_SECONDS", -1.0)
    bench.directory.path.rename(bench.directory.path.with_name("gone"))
    outcome = bench.poll()
    assert (outcome.exit_code, "was deleted" in outcome.reason) == (1, True)


def test_a_service_that_is_not_patient_tries_once(bench):
    bench.refuse("DescribeTrainingJob", "ThrottlingException", times=2)
    impatient = bench.backend.follower._service
    with pytest.raises(Exception, match="Throttling") as caught:
        impatient.describe(bench.name)
    assert kind_of(caught.value) == "throttled"
    assert replace(impatient, patient=True).describe(bench.name)["TrainingJobName"] == bench.name
