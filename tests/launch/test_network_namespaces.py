"""Two nodes that share nothing but a network: each runs its plan in a namespace of its own."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack

import pytest
from support import Jobs, ranks

from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.plan import ProcessPlan
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous
from jupyter_sdt.launch.node.directory import prepare_node

pytestmark = [pytest.mark.network, pytest.mark.slow]

SUM = """
import os, torch, torch.distributed as dist
dist.init_process_group("gloo")
total = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(total)
print("sum", total.item(), os.environ["SM_CURRENT_HOST"])
dist.barrier()
dist.destroy_process_group()
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def namespaces():
    """Two namespaces with an address each, joined by a virtual cable."""
    names = [f"sdt{os.getpid()}n{i}" for i in (1, 2)]
    with ExitStack() as stack:
        try:
            for name in names:
                ip("netns", "add", name)
                stack.callback(ip, "netns", "delete", name)
            first, second = names
            ip(
                "-n",
                first,
                "link",
                "add",
                "veth0",
                "type",
                "veth",
                "peer",
                "name",
                "veth0",
                "netns",
                second,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces cannot be made here: {error}")
        for number, name in enumerate(names, 1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "veth0")
            ip("-n", name, "link", "set", "veth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names


def start(process: ProcessPlan, namespace: str, log) -> subprocess.Popen[bytes]:
    network = {"GLOO_SOCKET_IFNAME": "veth0", "TP_SOCKET_IFNAME": "veth0"}
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, *process.argv],
        cwd=process.working_directory,
        env=os.environ | dict(process.environment) | network,
        stdout=log,
        stderr=log,
    )


@pytest.mark.parametrize("launcher", ["torchrun", "python"])
def test_two_nodes_meet_over_a_network(jobs: Jobs, namespaces, tmp_path, launcher):
    fields = {"distribution": ranks(1, launcher), "instance_count": 2}
    directory = jobs.write(SUM, **fields)
    spec = directory.read_spec()
    plan = local.plan(spec, directory, meeting=Rendezvous("10.77.0.1", 29555))
    for node in spec.nodes:
        prepare_node(spec, directory, node)
    with (tmp_path / "launcher.log").open("wb") as log:
        running = [
            start(process, namespace, log)
            for process, namespace in zip(plan.processes, namespaces, strict=True)
        ]
        deadline = time.monotonic() + 120
        codes = [process.wait(deadline - time.monotonic()) for process in running]
    assert codes == [0, 0], (tmp_path / "launcher.log").read_text()
    # torch warns first that the other node's address has no name.
    last = [directory.log(rank).read_text().splitlines()[-1] for rank in (0, 1)]
    assert last == ["sum 3.0 algo-1", "sum 3.0 algo-2"]
