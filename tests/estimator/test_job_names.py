from __future__ import annotations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator.job_names import check_base_job_name, make_job_name
from jupyter_sdt.store.job_directory import JOB_NAME

SECONDS = 1700000000.0426  # 2023-11-14 22:13:20 UTC


@pytest.mark.parametrize(
    ("base", "begin"),
    [
        ("train_digits", "train-digits"),
        ("my train (2).v1", "my-train-2-v1"),
        ("___", "job"),
        ("Über", "ber"),
        ("a" * 70, "a" * 39),
        ("a" * 38 + "_" + "b" * 9, "a" * 38),
    ],
)
def test_a_name_is_the_base_and_the_time_within_sagemakers_limits(base, begin):
    name = make_job_name(base, SECONDS)
    assert name == f"{begin}-2023-11-14-22-13-20-042"
    assert len(name) <= 63
    assert JOB_NAME.fullmatch(name)


def test_a_later_millisecond_is_another_name():
    assert make_job_name("a", SECONDS) != make_job_name("a", SECONDS + 0.001)


def test_a_base_name_may_have_underscores():
    assert check_base_job_name("train_digits") == "train_digits"


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "a.b"])
def test_a_base_name_that_would_have_to_change_is_refused(name):
    with pytest.raises(SpecError, match="base_job_name"):
        check_base_job_name(name)
