"""Jobs that form TensorFlow's and MXNet's clusters, with real servers beside the ranks."""

from __future__ import annotations

import pytest
from compat.tensorflow_scripts import NEEDS_TENSORFLOW
from support import python_without

from jupyter_sdt.spec.distribution import Distribution

SERVERS = Distribution(strategy="parameter_server")
MIRRORED = Distribution(strategy="multi_worker_mirrored_strategy")

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


def test_jobs_without_tensorflow_are_told_which_extra_brings_it(jobs, tmp_path):
    python = str(python_without(tmp_path / "environment", "tensorflow"))
    directory = jobs.run(
        "import time; time.sleep(60)",
        distribution=SERVERS,
        instance_count=2,
        python=python,
        stop_seconds=1,
    )
    state = directory.read_state()
    assert state.status == "Failed"
    assert f"TensorFlow is not installed for {python}" in state.failure_reason
    assert state.failure_reason.endswith("pip install 'jupyter-sdt[tensorflow]' brings it")


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
    assert state.status == "Completed", (state, found)
    assert [words in log for words, log in zip(logs, found, strict=True)] == [True, True]
