from __future__ import annotations

import json
import os

import pytest
from support import Jobs, ranks

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.node.config import INTERFACE
from jupyter_sdt.launch.node.environment import encode, node_environment
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.store.job_directory import JobDirectory, job_directory

# Section "SM_*" of the contract: what the toolkit sets, then what the driver of SDK v3 adds.
TOOLKIT = """
    HOSTS CURRENT_HOST NETWORK_INTERFACE_NAME CURRENT_INSTANCE_TYPE CURRENT_INSTANCE_GROUP
    CURRENT_INSTANCE_GROUP_HOSTS INSTANCE_GROUPS INSTANCE_GROUPS_DICT DISTRIBUTION_INSTANCE_GROUPS
    IS_HETERO RESOURCE_CONFIG NUM_CPUS NUM_GPUS NUM_NEURONS INPUT_DIR INPUT_CONFIG_DIR OUTPUT_DIR
    OUTPUT_DATA_DIR OUTPUT_INTERMEDIATE_DIR MODEL_DIR MODULE_DIR CHANNELS INPUT_DATA_CONFIG
    USER_ENTRY_POINT MODULE_NAME USER_ARGS LOG_LEVEL FRAMEWORK_MODULE FRAMEWORK_PARAMS
    TRAINING_ENV HPS
"""
DRIVER = "INPUT_DATA_DIR OUTPUT_FAILURE SOURCE_DIR ENTRY_SCRIPT HOST_COUNT CURRENT_HOST_RANK"


def directory_of(jobs: Jobs, spec: JobSpec) -> JobDirectory:
    return job_directory(spec.job_name, jobs.root)


def environment(jobs: Jobs, node: str = "algo-1", **fields: object) -> dict[str, str]:
    spec = jobs.spec(**fields)
    return node_environment(spec, directory_of(jobs, spec), node)


def test_every_variable_of_the_contract_is_there_and_no_other(jobs: Jobs) -> None:
    names = {name for name in environment(jobs) if name.startswith("SM_")}
    assert names == {f"SM_{word}" for word in (TOOLKIT + DRIVER).split()}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        (None, ""),
        (True, "true"),
        (0.1, "0.1"),
        ({"b": 1, "a": ["ü"]}, '{"a":["\\u00fc"],"b":1}'),
    ],
)
def test_values_are_encoded_as_the_toolkit_encodes_them(value: object, text: str) -> None:
    assert encode(value) == text


def test_each_node_hears_of_itself_only(jobs: Jobs) -> None:
    first, second = (environment(jobs, node, instance_count=2) for node in ("algo-1", "algo-2"))
    assert (first["SM_CURRENT_HOST"], second["SM_CURRENT_HOST"]) == ("algo-1", "algo-2")
    assert (first["SDT_NODE_RANK"], second["SDT_NODE_RANK"]) == ("0", "1")
    assert second["SM_HOSTS"] == first["SM_HOSTS"] == '["algo-1","algo-2"]'
    assert not [name for name, value in second.items() if "nodes/algo-1" in value]
    assert json.loads(second["SM_RESOURCE_CONFIG"])["current_host"] == "algo-2"
    assert json.loads(second["SM_TRAINING_ENV"])["is_master"] is False


def test_paths_lie_in_the_nodes_own_tree(jobs: Jobs) -> None:
    found = environment(jobs, "algo-2", instance_count=2)
    root = f"{jobs.root}/job-0/nodes/algo-2"
    assert found["SAGEMAKER_BASE_DIR"] == root
    assert found["SM_MODEL_DIR"] == f"{root}/model"
    assert found["SM_OUTPUT_DATA_DIR"] == f"{root}/output/data"
    assert found["SM_INPUT_CONFIG_DIR"] == f"{root}/input/config"
    assert found["SM_MODULE_DIR"] == f"{jobs.root}/job-0/source"
    assert not jobs.root.exists(), "a plan must write nothing"


def test_channels_are_listed_sorted_with_a_folder_each(jobs: Jobs) -> None:
    channels = (Channel(name="train", uri="/t"), Channel(name="test-set", uri="/s"))
    found = environment(jobs, channels=channels)
    folder = f"{jobs.root}/job-0/nodes/algo-1/input/data"
    assert found["SM_CHANNELS"] == '["test-set","train"]'
    assert found["SM_CHANNEL_TRAIN"] == f"{folder}/train"
    assert found["SM_CHANNEL_TEST-SET"] == f"{folder}/test-set"
    assert json.loads(found["SM_TRAINING_ENV"])["channel_input_dirs"] == {
        "train": f"{folder}/train",
        "test-set": f"{folder}/test-set",
    }


def test_hyperparameters_appear_one_by_one_all_together_and_as_arguments(jobs: Jobs) -> None:
    found = environment(jobs, hyperparameters={"b-c": True, "a": None, "sagemaker_x": 1})
    assert found["SM_HPS"] == '{"a":null,"b-c":true}'
    assert (found["SM_HP_A"], found["SM_HP_B-C"], found["SM_HP_B_C"]) == ("", "true", "true")
    assert found["SM_USER_ARGS"] == '["-a","","--b-c","True"]'
    assert found["SM_FRAMEWORK_PARAMS"] == '{"sagemaker_x":1}'
    assert "SM_HP_SAGEMAKER_X" not in found


def test_a_name_with_underscore_is_not_hidden_by_its_hyphenated_twin(jobs: Jobs) -> None:
    found = environment(jobs, hyperparameters={"b_c": 1, "b-c": 2})
    assert (found["SM_HP_B_C"], found["SM_HP_B-C"]) == ("1", "2")


def test_the_training_environment_repeats_the_facts_as_one_object(jobs: Jobs) -> None:
    found = environment(jobs, hyperparameters={"lr": 0.1}, distribution=ranks(2))
    facts = json.loads(found["SM_TRAINING_ENV"])
    assert facts["hyperparameters"] == {"lr": 0.1}
    assert facts["model_dir"] == found["SM_MODEL_DIR"]
    assert facts["additional_framework_parameters"]["sagemaker_torch_distributed_enabled"] is True
    assert (facts["module_name"], facts["user_entry_point"]) == ("entry_point", "entry_point.py")
    assert facts["network_interface_name"] == INTERFACE
    assert (facts["is_master"], facts["master_hostname"]) == (True, "algo-1")


def test_a_region_is_told_only_when_the_user_gave_one(jobs: Jobs, monkeypatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert not {"AWS_REGION", "SAGEMAKER_REGION"} & environment(jobs).keys()
    found = environment(jobs, environment={"AWS_REGION": "eu-west-1"})
    assert (found["AWS_REGION"], found["SAGEMAKER_REGION"]) == ("eu-west-1", "eu-west-1")


def test_nccl_is_set_up_on_gpus_unless_the_users_shell_says_otherwise(jobs, monkeypatch) -> None:
    monkeypatch.setenv("NCCL_DEBUG", "INFO")
    found = environment(jobs, instance_type="local_gpu")
    assert found["NCCL_SOCKET_IFNAME"] == INTERFACE
    assert "NCCL_DEBUG" not in found
    assert not [name for name in environment(jobs) if name.startswith("NCCL")]


def test_a_variable_the_system_could_not_hand_over_is_refused(jobs: Jobs) -> None:
    longest = 32 * 4096 - 1 - len("SM_HP_TEXT=")
    with pytest.raises(SpecError, match=r"SM_HP\w* would be \d+ bytes .* as a channel"):
        environment(jobs, hyperparameters={"text": "x" * (longest + 1)})


def test_the_longest_allowed_variable_can_really_be_handed_over() -> None:
    value = "x" * (32 * 4096 - 1 - len("NAME="))
    pid = os.posix_spawn("/bin/true", ["true"], {"NAME": value})
    assert os.waitpid(pid, 0)[1] == 0
    with pytest.raises(OSError, match="too long"):
        os.posix_spawn("/bin/true", ["true"], {"NAME": value + "x"})
