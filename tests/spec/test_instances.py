from __future__ import annotations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.instances import find_instance, known_instances


@pytest.mark.parametrize(
    ("name", "kind", "accelerators", "memory_mib"),
    [
        ("local", "cpu", 0, 0),
        ("local_gpu", "gpu", None, 0),
        ("ml.p4d.24xlarge", "gpu", 8, 40960),
        ("ml.p6-b200.48xlarge", "gpu", 8, 183359),
        ("ml.g5.xlarge", "gpu", 1, 22888),
        ("ml.g5.12xlarge", "gpu", 4, 22888),
        ("ml.trn1.32xlarge", "neuron", 32, 16384),
        ("ml.c5.xlarge", "cpu", 0, 0),
        ("ml.zz9.huge", "cpu", 0, 0),  # unknown to us: SageMaker decides
    ],
)
def test_accelerators_of_an_instance_type(name, kind, accelerators, memory_mib):
    found = find_instance(name)
    assert (found.kind, found.accelerators, found.memory_mib) == (kind, accelerators, memory_mib)


def test_only_the_machine_at_hand_is_local():
    assert [name for name in known_instances() if find_instance(name).local] == [
        "local",
        "local_gpu",
    ]
    assert find_instance("ml.p3dn.24xlarge").family == "p3dn"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("locl", "did you mean 'local'?"),
        ("local-gpu", "did you mean 'local_gpu'?"),
        ("p4d.24xlarge", "did you mean 'ml.p4d.24xlarge'?"),
        ("ml.p4d24xlarge", "did you mean 'ml.p4d.24xlarge'?"),
        ("", "must be 'local'"),
        (8, "must be 'local'"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_one(name, hint):
    with pytest.raises(SpecError, match="instance_type") as caught:
        find_instance(name)
    assert hint in str(caught.value)
