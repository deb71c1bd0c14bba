"""TensorFlow's and MXNet's clusters: what scripts see of them, and the servers that start."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from jupyter_sdt.errors import DistributionError, LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.cluster import check_cluster
from jupyter_sdt.launch.rendezvous import Rendezvous, choose_rendezvous
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.store.job_directory import JobDirectory

SERVERS = Distribution(strategy="parameter_server")
MIRRORED = Distribution(strategy="multi_worker_mirrored_strategy")
MEETING = Rendezvous("127.0.0.1", 29400, ports=(1, 2, 3, 4))
NEEDS_TENSORFLOW = pytest.mark.skipif(
    find_spec("tensorflow") is None,
    reason="TensorFlow is not installed: pip install -e '.[tensorflow]'",
)


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


@pytest.mark.parametrize(
    ("framework", "words"),
    [
        ("tensorflow", r"servers of tensorflow.*pip install 'jupyter-sdt\[tensorflow\]'"),
        ("mxnet", "servers of mxnet.*no extra for it"),
    ],
)
def test_servers_of_what_is_not_installed_are_refused(jobs, framework, words, monkeypatch):
    for name in ("tensorflow", "mxnet"):
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not there
    fields = {"distribution": SERVERS, "instance_count": 2}
    spec = jobs.spec(sagemaker={"framework": framework}, **fields)
    with pytest.raises(LaunchError, match=words):
        check_cluster(spec)
    requirements = {"requirements": "/somewhere/requirements.txt"}
    check_cluster(jobs.spec(sagemaker={"framework": framework}, **fields, **requirements))


# What importing MXNet does in a scheduler and in a server: it serves until the workers are done.
MXNET = """
import os, socket, sys
place = os.environ["DMLC_PS_ROOT_URI"], int(os.environ["DMLC_PS_ROOT_PORT"])
role, everybody = os.environ["DMLC_ROLE"], 0
if role == "scheduler":
    everybody = int(os.environ["DMLC_NUM_WORKER"]) + int(os.environ["DMLC_NUM_SERVER"])
    with socket.create_server(place) as listener:
        connections = [listener.accept()[0] for _ in range(everybody)]
        roles = sorted(connection.recv(100).decode() for connection in connections)
        for connection in connections:
            connection.sendall(" ".join(roles).encode())
    sys.exit()

def meet():
    import time
    for _ in range(3000):
        try:
            connection = socket.create_connection(place)
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
    connection.sendall(role.encode())
    return connection.recv(1000).decode()

if role == "server":
    print("server found", meet(), flush=True)
    sys.exit()
"""


def test_a_job_of_mxnet_meets_its_scheduler_and_servers(jobs):
    source = "import mxnet; print('worker found', mxnet.meet())"
    directory = jobs.write(
        source,
        distribution=SERVERS,
        instance_count=2,
        sagemaker={"framework": "mxnet"},
        stop_seconds=2,
    )
    (directory.source / "mxnet.py").write_text(MXNET)
    jobs.begin(directory)
    assert jobs.wait(directory).status == "Completed", directory.log(0).read_text()
    everybody = "found server server worker worker"
    for rank in (0, 1):
        assert directory.log(rank).read_text() == f"worker {everybody}\n"
    for node in ("algo-1", "algo-2"):
        assert directory.launcher_log(f"server-{node}").read_text() == f"server {everybody}\n"


def test_a_server_that_fails_ends_the_job_and_is_named(jobs):
    directory = jobs.write(
        "import time; time.sleep(60)",
        distribution=SERVERS,
        instance_count=2,
        sagemaker={"framework": "mxnet"},
        stop_seconds=1,
    )
    broken = "import os\nassert os.environ['DMLC_ROLE'] != 'scheduler', 'no scheduling today'\n"
    (directory.source / "mxnet.py").write_text(broken + "import time; time.sleep(60)")
    jobs.begin(directory)
    state = jobs.wait(directory)
    assert state.status == "Failed"
    assert state.failure_reason.startswith("the scheduler of algo-1 exited with code 1")
    assert "no scheduling today" in state.failure_reason


def test_a_job_of_mirrored_workers_sees_its_cluster(jobs):
    source = """
    import json, os, socket
    config = json.loads(os.environ["TF_CONFIG"])
    own = config["cluster"]["worker"][config["task"]["index"]]
    host, port = own.split(":")
    socket.create_server((host, int(port)))  # the port is free
    print(config["task"]["index"], len(set(config["cluster"]["worker"])))
    """
    directory = jobs.run(source, distribution=MIRRORED, instance_count=2)
    assert directory.read_state().status == "Completed", directory.log(0).read_text()
    assert [directory.log(rank).read_text() for rank in (0, 1)] == ["0 2\n", "1 2\n"]


MIRRORS = """
import tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    weight = tf.Variable(1.0)

@tf.function
def step():
    def replica():
        place = tf.distribute.get_replica_context().replica_id_in_sync_group
        weight.assign_add(tf.cast(place, tf.float32) + 1, read_value=False)
        return tf.constant(1.0)
    return strategy.reduce("SUM", strategy.run(replica), axis=None)

print("replicas", strategy.num_replicas_in_sync, "sum", float(step()), flush=True)
"""

SERVED = """
import json, os
import tensorflow as tf
tf1 = tf.compat.v1
tf1.disable_eager_execution()
config = json.loads(os.environ["TF_CONFIG"])
task, cluster = config["task"], tf.train.ClusterSpec(config["cluster"])
server = tf.distribute.Server(cluster, job_name=task["type"], task_index=task["index"])
with tf.device("/job:ps/task:1"):
    count = tf1.get_variable("count", initializer=0, use_resource=True)
    ready = tf1.get_variable("ready", initializer=0, use_resource=True)
with tf1.Session(server.target) as session:
    if task["type"] == "master":
        session.run(tf1.global_variables_initializer())
    else:
        while session.run(tf1.report_uninitialized_variables()).size:
            pass
    session.run(count.assign_add(1))
    while session.run(count) < 2:
        pass
    print(task["type"], "counts", session.run(count), flush=True)
    session.run(ready.assign_add(1))
    while session.run(ready) < 2:
        pass
"""


@NEEDS_TENSORFLOW
@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "distribution", "logs"),
    [
        (MIRRORS, MIRRORED, ["replicas 2 sum 2.0", "replicas 2 sum 2.0"]),
        (SERVED, SERVERS, ["master counts 2", "worker counts 2"]),
    ],
)
def test_tensorflow_trains_in_its_cluster(jobs, source, distribution, logs):
    directory = jobs.start(
        source,
        distribution=distribution,
        instance_count=2,
        stop_seconds=2,
        environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    state = jobs.wait(directory, 200)
    found = [directory.log(rank).read_text() for rank in (0, 1)]
    assert state.status == "Completed", (state, found, Path(directory.launcher_log("ps-algo-1")))
    assert [words in log for words, log in zip(logs, found, strict=True)] == [True, True]
