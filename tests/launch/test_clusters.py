"""TensorFlow's and MXNet's clusters: what scripts see of them, and the servers that start."""

from __future__ import annotations

import json
import subprocess

import pytest
from support import python_without

from jupyter_sdt.errors import DistributionError, LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.cluster import check_cluster
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous, choose_rendezvous
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.store.job_directory import JobDirectory

SERVERS = Distribution(strategy="parameter_server")
MIRRORED = Distribution(strategy="multi_worker_mirrored_strategy")
MEETING = Rendezvous("127.0.0.1", 29400, ports=(1, 2, 3, 4))


@pytest.fixture
def planned(jobs, tmp_path):
    def plan(meeting=MEETING, warm=True, framework="", **fields):
        spec = jobs.spec(sagemaker={"framework": framework}, **fields)
        directory = JobDirectory(tmp_path / "never-made")
        return local.plan(spec, directory, meeting=meeting, warm=warm)

    return plan


def configurations(plan):
    return [json.loads(process.environment["TF_CONFIG"]) for process in plan.processes]


def test_parameter_servers_are_planned_as_sagemaker_starts_them(planned):
    plan = planned(distribution=SERVERS, instance_count=2, framework="tensorflow")
    seen = configurations(plan)
    cluster = {
        "master": ["127.0.0.1:1"],
        "worker": ["127.0.0.1:2"],
        "ps": ["127.0.0.1:3", "127.0.0.1:4"],
    }
    assert [found["cluster"] for found in seen] == [cluster] * 4
    assert [(found["task"]["type"], found["task"]["index"]) for found in seen] == [
        ("ps", 0),
        ("ps", 1),
        ("master", 0),
        ("worker", 0),
    ]
    assert {found["environment"] for found in seen} == {"cloud"}
    assert [process.service for process in plan.processes] == ["ps", "ps", "", ""]
    assert [process.rank for process in plan.processes] == [None, None, 0, 1]
    assert "jupyter_sdt.runtime.parameter_server" in plan.processes[0].argv
    assert "RANK" not in plan.processes[2].environment
    assert "algo-2 ps" in str(plan)


def test_one_node_has_no_parameter_servers_and_pytorch_never(planned):
    for fields in ({"framework": "tensorflow"}, {"framework": "pytorch", "instance_count": 2}):
        plan = planned(distribution=SERVERS, **fields)
        assert not any("TF_CONFIG" in process.environment for process in plan.processes)
        assert not any(process.service for process in plan.processes)


def test_mirrored_workers_know_each_other_and_their_own_number(planned):
    plan = planned(distribution=MIRRORED, instance_count=3)
    seen = configurations(plan)
    addresses = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]
    assert [found["cluster"] for found in seen] == [{"worker": addresses}] * 3
    assert [found["task"] for found in seen] == [{"type": "worker", "index": n} for n in range(3)]


def test_mxnet_gets_a_scheduler_and_a_server_on_each_node(planned):
    plan = planned(
        distribution=SERVERS,
        framework="mxnet",
        instance_count=2,
        hyperparameters={"_ps_port": 8123},
    )
    roles = [process.environment["DMLC_ROLE"] for process in plan.processes]
    assert roles == ["scheduler", "server", "server", "worker", "worker"]
    assert all(list(p.argv[1:]) == ["-c", "import mxnet"] for p in plan.processes[:3])
    for process in plan.processes:
        told = process.environment
        assert (told["DMLC_NUM_WORKER"], told["DMLC_NUM_SERVER"]) == ("2", "2")
        assert (told["DMLC_PS_ROOT_URI"], told["DMLC_PS_ROOT_PORT"]) == ("127.0.0.1", "8123")


def test_a_plan_that_is_only_printed_takes_no_port(planned):
    plan = planned(meeting=None, distribution=MIRRORED, instance_count=2)
    assert configurations(plan)[0]["cluster"]["worker"] == ["127.0.0.1:0"] * 2


def test_ports_of_a_cluster_are_all_different():
    meeting = choose_rendezvous(20)
    assert len({meeting.port, *meeting.ports}) == 21


def test_without_a_nursery_plain_python_forms_the_cluster(planned):
    plan = planned(warm=False, distribution=MIRRORED, instance_count=2)
    assert plan.launcher == "python"
    assert len(configurations(plan)) == 2


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        (Distribution(strategy="parameter_server", processes_per_node=2), "use instance_count=4"),
        (Distribution(strategy="parameter_server", launcher="torchrun"), "does not form"),
    ],
)
def test_what_forms_no_cluster_is_refused(jobs, distribution, words):
    with pytest.raises(DistributionError, match=words):
        check_cluster(jobs.spec(distribution=distribution, instance_count=2))


CHECK = """
import json, sys
from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.launchers.cluster import check_cluster
from jupyter_sdt.spec.job_spec import JobSpec
try:
    check_cluster(JobSpec.from_json(json.loads(sys.argv[1])))
except LaunchError as error:
    print(error)
"""


def servers_of(jobs, framework, **fields):
    return jobs.spec(
        sagemaker={"framework": framework}, distribution=SERVERS, instance_count=2, **fields
    )


def test_servers_of_tensorflow_are_refused_where_it_is_not_installed(jobs, tmp_path):
    python = str(python_without(tmp_path / "environment", "tensorflow"))

    def said(**fields):
        spec = servers_of(jobs, "tensorflow", python=python, **fields)
        command = [python, "-c", CHECK, json.dumps(spec.to_json())]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "starts the servers of tensorflow, which is not installed here" in said()
    assert "pip install 'jupyter-sdt[tensorflow]'" in said()
    assert said(requirements="/somewhere/requirements.txt") == ""


def test_servers_of_mxnet_are_refused_as_no_extra_brings_it(jobs):
    with pytest.raises(LaunchError, match=r"servers of mxnet.*no extra for it"):
        check_cluster(servers_of(jobs, "mxnet"))
    check_cluster(servers_of(jobs, "mxnet", requirements="/somewhere/requirements.txt"))
