from __future__ import annotations

import pytest

from jupyter_sdt.spec.framework_versions import is_older, supported_versions


@pytest.mark.parametrize(
    ("strategy", "kind", "version", "supported"),
    [
        ("torch_distributed", "gpu", "1.12.0", False),
        ("torch_distributed", "gpu", "1.13.1", True),
        ("torch_distributed", "gpu", "2.4", False),  # a hole: 2.4.1 is there, 2.4.0 is not
        ("torch_distributed", "gpu", "2.4.1", True),
        ("torch_distributed", "gpu", "2.10.0", True),
        ("torch_distributed", "neuron", "2.0.1", False),
        ("torch_distributed", "neuron", "1.11", True),
        ("smdataparallel", "gpu", "2.2", True),
        ("smdataparallel", "gpu", "2.3.0", False),
        ("smdataparallel", "gpu", "latest", False),
    ],
)
def test_versions_of_pytorch_for_a_strategy(strategy, kind, version, supported):
    assert (version in supported_versions(strategy, "pytorch", kind)) is supported


def test_nothing_is_known_of_other_combinations():
    assert supported_versions("none", "pytorch", "gpu") is None


def test_versions_compare_by_number():
    assert is_older("1.9", "1.13")
    assert not is_older("2.0", "2.0.0")


def test_a_range_says_what_it_holds():
    assert str(supported_versions("torch_distributed", "pytorch", "gpu")) == (
        "1.13.1 or newer, without 2.4.0 and 2.5.0"
    )
    assert str(supported_versions("smdataparallel", "pytorch", "gpu")) == "1.6 to 2.2.0"
