"""CreateTrainingJob over a connection that breaks, and jobs that nobody wants any more."""

from __future__ import annotations

import pytest
from aws_support import REGION
from backend_bench import Bench

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.remote.service import Service


def send(bench: Bench, *, patient: bool) -> None:
    bench.backend._service = Service(REGION, patient=patient)
    bench.create()


@pytest.mark.parametrize("patient", [False, True])
def test_a_job_whose_acceptance_was_lost_is_ours(make, patient):
    bench = make()
    bench.rehearsal.lose("CreateTrainingJob")
    send(bench, patient=patient)
    assert bench.count("CreateTrainingJob") == (2 if patient else 1)
    assert bench.poll() is None
    assert bench.backend.news().transitions


def test_a_name_that_another_job_has_is_taken_however_the_answer_comes(make):
    bench = make().create()
    bench.request["HyperParameters"]["lr"] = "0.1"
    for lost in (0, 1):
        bench.rehearsal.lose("CreateTrainingJob", times=lost)
        with pytest.raises(LaunchError, match="exists already"):
            send(bench, patient=True)


def test_where_nobody_can_tell_it_is_said_how_to_learn_it(make, monkeypatch):
    bench = make()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # the port of nobody
    with pytest.raises(LaunchError, match=rf"not known: %sdt_jobs --remote --name {bench.name}"):
        send(bench, patient=False)


def test_what_was_stopped_while_its_source_travelled_is_not_sent(make):
    bench = make()
    bench.directory.ask_to_stop()
    with pytest.raises(LaunchError, match="stopped before anything was sent"):
        bench.create()
    assert bench.count("CreateTrainingJob") == 0
