from __future__ import annotations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.rehearsal import Conditions


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"starting_seconds": -1}, "starting_seconds"),
        ({"spot_price_share": 0}, "spot_price_share"),
        ({"spot_price_share": 1.5}, "spot_price_share"),
        ({"most_processes": 0}, "most_processes"),
        ({"throttle_every": -1}, "throttle_every"),
        ({"pending_seconds": -1}, "pending_seconds"),
    ],
)
def test_conditions_that_no_account_can_have_are_refused(given, argument):
    with pytest.raises(SpecError) as refused:
        Conditions(**given)
    assert refused.value.argument == argument


def test_only_directed_jobs_are_moved_and_only_to_phases_there_are(aws):
    with pytest.raises(SpecError, match=r"job runs by itself; use Conditions\(directed=True\)"):
        aws().rehearsal.enter("job", "Training")
    account = aws(directed=True)
    account.create("job")
    with pytest.raises(SpecError, match="did you mean 'Training'"):
        account.rehearsal.enter("job", "Trainin")
    account.rehearsal.enter("job", "Failed", "AlgorithmError: x")
    assert account.describe("job")["FailureReason"] == "AlgorithmError: x"
    with pytest.raises(SpecError, match="no such job in this rehearsal"):
        account.rehearsal.job("nobody")
