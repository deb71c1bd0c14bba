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
    ],
)
def test_conditions_that_no_account_can_have_are_refused(given, argument):
    with pytest.raises(SpecError) as refused:
        Conditions(**given)
    assert refused.value.argument == argument
