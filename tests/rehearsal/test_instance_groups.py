"""Heterogeneous clusters: what each group's hosts see, and who starts their processes."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from jupyter_sdt import PyTorch, TrainingInput
from jupyter_sdt.errors import JobError
from jupyter_sdt.job import TrainingJob

ROLE = "arn:aws:iam::123456789012:role/service-role/Training"
GROUPS = [
    {"instance_group_name": "data", "instance_type": "ml.c5.xlarge", "instance_count": 2},
    {"instance_group_name": "gpu", "instance_type": "ml.g5.12xlarge", "instance_count": 1},
]
SCRIPT = """
import json, os, pathlib
host, rank = os.environ["SM_CURRENT_HOST"], os.environ.get("RANK", "alone")
with open(os.environ["SM_INPUT_CONFIG_DIR"] + "/resourceconfig.json") as file:
    config = json.load(file)
seen = {
    "host": host,
    "group": config["current_group_name"],
    "type": os.environ["SM_CURRENT_INSTANCE_TYPE"],
    "together": json.loads(os.environ["SM_CURRENT_INSTANCE_GROUP_HOSTS"]),
    "hosts": config["hosts"],
    "groups": {g["instance_group_name"]: g["hosts"] for g in config["instance_groups"]},
    "chosen": json.loads(os.environ["SM_DISTRIBUTION_INSTANCE_GROUPS"]),
    "hetero": os.environ["SM_IS_HETERO"],
    "channels": json.loads(os.environ["SM_CHANNELS"]),
    "rank": rank,
    "world": os.environ.get("WORLD_SIZE", "alone"),
}
print(json.dumps(seen))
name = f"{host}-{rank}"
pathlib.Path(os.environ["SM_MODEL_DIR"], name).write_text(name)
"""
BROKEN = """
import os, time
if os.environ["SM_CURRENT_INSTANCE_GROUP"] == "data":
    raise ValueError("the data host is broken")
time.sleep(300)
"""


@pytest.fixture
def estimator(tmp_path):
    def make(script: str, **arguments) -> PyTorch:
        (tmp_path / "train.py").write_text(script)
        given = {
            "entry_point": str(tmp_path / "train.py"),
            "role": ROLE,
            "instance_groups": GROUPS,
            "framework_version": "2.5.1",
            "py_version": "py311",
            "output_path": "s3://bucket/out",
            "distribution": {
                "torch_distributed": {"enabled": True},
                "instance_groups": [GROUPS[1]],
            },
        }
        return PyTorch(**{**given, **arguments})

    return make


def test_only_the_chosen_group_is_launched_together_and_every_host_knows_all(aws, estimator):
    account = aws()
    account.put("s3://bucket/data/one", b"1")
    for_gpus = TrainingInput("s3://bucket/data", instance_groups=["gpu"])
    inputs = {"everywhere": "s3://bucket/data", "gpus": for_gpus}
    estimator(SCRIPT).start(inputs, job_name="mixed").wait(timeout_seconds=150)
    job = TrainingJob.attach("mixed")
    lines = [json.loads(line) for rank in range(3) for line in job.logs(rank)]
    told = {(line["host"], line["rank"]): line for line in lines}
    assert set(told) == {("algo-1", "alone"), ("algo-2", "alone"), ("algo-3", "0"), ("algo-3", "1")}
    hosts = {"data": ["algo-1", "algo-2"], "gpu": ["algo-3"]}
    for (host, _), line in told.items():
        group = "gpu" if host == "algo-3" else "data"
        assert line["group"] == group
        assert (line["together"], line["groups"]) == (hosts[group], hosts)
        assert line["hosts"] == ["algo-1", "algo-2", "algo-3"]
        assert (line["chosen"], line["hetero"]) == (["gpu"], "true")
        assert line["type"] == ("ml.g5.12xlarge" if group == "gpu" else "ml.c5.xlarge")
        assert line["world"] == ("2" if group == "gpu" else "alone")
        assert line["channels"] == (["everywhere", "gpus"] if group == "gpu" else ["everywhere"])
    said = next(note for note in job.state().notes if note.startswith("rehearsed: "))
    assert "rehearsed: ml.g5.12xlarge without its 4 accelerators, 2 processes on a host; " in said
    assert "groups cannot reach each other by the names of their hosts" in said
    packed = io.BytesIO(account.read("s3://bucket/out/mixed/output/model.tar.gz"))
    with tarfile.open(fileobj=packed) as kept:
        names = {member.name.rpartition("/")[2] for member in kept if member.isfile()}
    assert names == {"algo-1-alone", "algo-2-alone", "algo-3-0", "algo-3-1"}


def test_without_a_choice_each_group_launches_its_own_as_the_images_do(aws):
    account = aws()
    group = {"InstanceType": "ml.g5.12xlarge", "InstanceCount": 1}
    groups = [{"InstanceGroupName": name, **group} for name in ("a", "b")]
    account.create(
        "apart",
        SCRIPT,
        hyperparameters={"sagemaker_torch_distributed_enabled": True},
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1},
    )
    told = account.wait("apart")
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    lines = [json.loads(line) for line in account.log("apart")]
    assert sorted((line["host"], line["rank"], line["world"]) for line in lines) == [
        (host, rank, "2") for host in ("algo-1", "algo-2") for rank in ("0", "1")
    ]


def test_a_host_that_fails_ends_the_others(aws, estimator):
    account = aws()
    job = estimator(BROKEN).start(job_name="broken")
    with pytest.raises(JobError, match="the data host is broken"):
        job.wait(timeout_seconds=150)
    assert account.describe("broken")["TrainingJobStatus"] == "Failed"
