"""SageMaker's ``distribution`` dictionaries: every strategy in and out, every mistake refused."""

from __future__ import annotations

import copy

import pytest

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.spec.distribution import Distribution

ON = {"enabled": True}


def smp(version_key="mpi", **parameters):
    return {
        "smdistributed": {"modelparallel": {"enabled": True, "parameters": parameters}},
        version_key: {"enabled": True},
    }


ACCEPTED = {
    "nothing": ({}, Distribution()),
    "torch_distributed": (
        {"torch_distributed": ON},
        Distribution(strategy="torch_distributed"),
    ),
    "our number of processes": (
        {"torch_distributed": {"enabled": True, "processes_per_node": 4}},
        Distribution(strategy="torch_distributed", processes_per_node=4),
    ),
    "pytorchddp": (
        {"pytorchddp": {"enabled": True, "custom_mpi_options": "-x A=1"}},
        Distribution(strategy="pytorchddp", mpi_options=("-x", "A=1")),
    ),
    "smddp": (
        {"smdistributed": {"dataparallel": ON}},
        Distribution(strategy="smdataparallel"),
    ),
    "smddp with options": (
        {"smdistributed": {"dataparallel": {"enabled": True, "custom_mpi_options": "--verbose"}}},
        Distribution(strategy="smdataparallel", mpi_options=("--verbose",)),
    ),
    "smddp through torchrun": (
        {"smdistributed": {"dataparallel": ON}, "torch_distributed": ON},
        Distribution(strategy="smdataparallel", combined_with="torch_distributed"),
    ),
    "smp 1": (
        {
            "smdistributed": {
                "modelparallel": {"enabled": True, "parameters": {"partitions": 2, "ddp": True}}
            },
            "mpi": {"enabled": True, "processes_per_host": 8, "custom_mpi_options": "-x 'A=b c'"},
        },
        Distribution(
            strategy="modelparallel",
            combined_with="mpi",
            processes_per_node=8,
            mpi_options=("-x", "A=b c"),
            parameters={"partitions": 2, "ddp": True},
        ),
    ),
    "smp 2": (
        smp("torch_distributed", hybrid_shard_degree=4),
        Distribution(
            strategy="modelparallel",
            combined_with="torch_distributed",
            parameters={"hybrid_shard_degree": 4},
        ),
    ),
    "mpi": (
        {"mpi": {"enabled": True, "processes_per_host": 2}},
        Distribution(strategy="mpi", processes_per_node=2),
    ),
    "parameter server": ({"parameter_server": ON}, Distribution(strategy="parameter_server")),
    "mirrored": (
        {"multi_worker_mirrored_strategy": ON},
        Distribution(strategy="multi_worker_mirrored_strategy"),
    ),
    "xla": ({"pytorchxla": ON}, Distribution(strategy="pytorchxla")),
    "groups and launcher": (
        {"torch_distributed": ON, "instance_groups": ["a"], "launcher": "torchrun"},
        Distribution(strategy="torch_distributed", instance_groups=("a",), launcher="torchrun"),
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_dictionary_is_read_and_left_as_it_was(case):
    given, expected = ACCEPTED[case]
    before = copy.deepcopy(given)
    assert Distribution.from_sagemaker(given) == expected
    assert given == before


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_distribution_goes_back_and_forth(case):
    given, expected = ACCEPTED[case]
    written = expected.to_sagemaker()
    assert Distribution.from_sagemaker(written) == expected
    if case not in ("smp 1",):  # quotes of custom_mpi_options may come out differently
        assert written == given


def test_switched_off_means_not_there():
    off = {"enabled": False}
    given = {"smdistributed": {"dataparallel": off, "modelparallel": off}, "mpi": ON}
    assert Distribution.from_sagemaker(given) == Distribution(strategy="mpi")


def test_instance_groups_may_be_names_dicts_or_sagemakers_objects():
    class InstanceGroup:
        instance_group_name = "b"

    given = {"mpi": ON, "instance_groups": ["a", InstanceGroup(), {"instance_group_name": "c"}]}
    assert Distribution.from_sagemaker(given).instance_groups == ("a", "b", "c")


# Names of the rows as in SageMaker's own validation, where it has one.
REFUSED = {
    "not_dict": ("mpi", "must be a dict"),
    "smd_not_dict": ({"smdistributed": "dataparallel"}, "smdistributed='dataparallel' must be a"),
    "smd_both": (
        {"smdistributed": {"dataparallel": ON, "modelparallel": ON}},
        "more than one smdistributed strategy",
    ),
    "smd_unknown": (
        {"smdistributed": {"dataparalel": ON}},
        "unknown key 'dataparalel'; did you mean 'dataparallel'?",
    ),
    "unknown_distribution_key": (
        {"torch_distribute": ON},
        "unknown key 'torch_distribute'; did you mean 'torch_distributed'?",
    ),
    "unknown option": (
        {"mpi": {"enabled": True, "processes_per_hosts": 2}},
        "mpi: unknown key 'processes_per_hosts'; did you mean 'processes_per_host'?",
    ),
    "enabled missing": ({"mpi": {"processes_per_host": 2}}, "mpi: 'enabled' is None; say True"),
    "enabled not bool": ({"mpi": {"enabled": "yes"}}, "'enabled' is 'yes'"),
    "strategy not a dict": ({"mpi": True}, "mpi=True must be a dict"),
    "ddp_plus_smd": (
        {"pytorchddp": ON, "smdistributed": {"dataparallel": ON}},
        "smdataparallel and pytorchddp cannot be enabled together",
    ),
    "mwms_plus_ps": (
        {"multi_worker_mirrored_strategy": ON, "parameter_server": ON},
        "cannot be enabled together",
    ),
    "smp_without_mpi": ({"smdistributed": {"modelparallel": ON}}, "add 'mpi'"),
    "processes": (
        {"mpi": {"enabled": True, "processes_per_host": 0}},
        "processes_per_host=0 must be a positive integer",
    ),
    "processes not integer": (
        {"mpi": {"enabled": True, "processes_per_host": True}},
        "processes_per_host=True",
    ),
    "mpi options not text": (
        {"mpi": {"enabled": True, "custom_mpi_options": 3}},
        "custom_mpi_options=3",
    ),
    "mpi options with an open quote": (
        {"mpi": {"enabled": True, "custom_mpi_options": "-x 'A"}},
        "No closing quotation",
    ),
    "launcher": ({"launcher": "mpiexec"}, "launcher='mpiexec' is not one of"),
    "groups not a list": ({"mpi": ON, "instance_groups": "a"}, "instance_groups='a' must be a"),
    "nameless group": ({"mpi": ON, "instance_groups": [{}]}, "no instance_group_name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused(case):
    given, words = REFUSED[case]
    with pytest.raises(DistributionError) as caught:
        Distribution.from_sagemaker(given)
    assert words in str(caught.value)
    assert caught.value.argument
