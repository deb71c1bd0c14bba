from __future__ import annotations

import json

import pytest

from jupyter_sdt.spec.job_status import JobState


def test_the_status_follows_from_the_secondary_status():
    statuses = {
        "Starting": "InProgress",
        "Downloading": "InProgress",
        "Training": "InProgress",
        "Uploading": "InProgress",
        "Stopping": "Stopping",
        "Completed": "Completed",
        "Failed": "Failed",
        "Stopped": "Stopped",
        "MaxRuntimeExceeded": "Stopped",
        "Lost": "Failed",
    }
    assert {s: JobState(secondary_status=s).status for s in statuses} == statuses


def test_a_life_is_a_list_of_phases():
    state = JobState().enter("Starting", 10.0).enter("Training", 11.0, world_size=2)
    assert (state.started_seconds, state.ended_seconds, state.terminal) == (11.0, None, False)
    ended = state.enter("Failed", 15.0, exit_code=-9, failed_rank=1, failure_reason="killed")
    assert (ended.started_seconds, ended.ended_seconds, ended.terminal) == (11.0, 15.0, True)
    assert [t.secondary_status for t in ended.transitions] == ["Starting", "Training", "Failed"]
    assert ended.world_size == 2


def test_a_job_that_never_trained_has_no_start():
    assert JobState().enter("Failed", 3.0).started_seconds is None


@pytest.mark.parametrize(
    "state",
    [JobState(), JobState(notes=("cold",)).enter("Training", 1.0).enter("Completed", 2.0)],
)
def test_a_state_survives_json_and_carries_its_status(state):
    written = json.loads(json.dumps(state.to_json()))
    assert written["status"] == state.status
    assert JobState.from_json({**written, "newer": 1}) == state
