"""Other ways to start ranks from a notebook: accelerate, nbdistributed, ipyparallel.

Each is used as its documentation shows, in a kernel of its own, and warmed before it is measured.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from kernel import Kernel
from training import RANKS, first_step_seconds, step_source
from ways import Place


class Accelerate:
    """``notebook_launcher(train, num_processes=2)``, which forks the kernel.

    ``warmed`` has imported in the kernel what the optimizer would otherwise import in every rank;
    no documentation says so, but it is the best this launcher can do.
    """

    keeps_state = False

    def __init__(self, place: Place, *, warmed: bool) -> None:
        self._place, self._warmed = place, warmed
        self.name = "accelerate notebook_launcher, warm" + (
            " + torch._dynamo by hand" if warmed else ""
        )

    def open(self) -> None:
        """Import accelerate and torch in the kernel."""
        self._kernel = _kernel(self._place, self.name)
        self._kernel.run("import torch\nfrom accelerate import notebook_launcher")
        if self._warmed:
            self._kernel.run("import torch._dynamo")

    def shot(self, folder: Path) -> float:
        """Define the training function and launch it."""
        # Freed after the function, DDP would wait for ever for its process group (torch 2.13).
        body = textwrap.indent(step_source(folder) + "\nglobals()['keep'] = model", "    ")
        launch = f"notebook_launcher(train, num_processes={RANKS}, use_port='29517')"
        cell = self._kernel.run(f"def train():\n{body}\n\n{launch}")
        return first_step_seconds(folder, cell.pressed)

    def close(self) -> None:
        """End the kernel."""
        self._kernel.close()


class Nbdistributed:
    """``%%distributed``: workers with a process group stay, and so does whatever cells leave."""

    name = "nbdistributed %%distributed, warm"
    keeps_state = True

    def __init__(self, place: Place) -> None:
        self._place = place

    def open(self) -> None:
        """Start its workers and wait until they have their imports."""
        self._kernel = _kernel(self._place, "nbdistributed")
        self._kernel.run("%load_ext nbdistributed")
        self._kernel.run(f"%dist_init -n {RANKS}")
        # A cell sent before the workers are there is lost and fails after 30 s; one more is not.
        for _ in range(4):
            if "Timeout" not in self._kernel.run("%%distributed\nimport torch._dynamo").text:
                return
        raise RuntimeError("the workers of nbdistributed do not answer")

    def shot(self, folder: Path) -> float:
        """Run the step as a cell."""
        cell = self._kernel.run("%%distributed\n" + step_source(folder))
        return first_step_seconds(folder, cell.pressed)

    def close(self) -> None:
        """End the kernel and its workers by pid: %dist_shutdown kills by name, strangers too."""
        self._kernel.close()


class Ipyparallel:
    """``%%px`` on a cluster of engines that stay, and so does whatever cells leave."""

    name = "ipyparallel %%px, warm"
    keeps_state = True

    def __init__(self, place: Place) -> None:
        self._place = place

    def open(self) -> None:
        """Start a cluster, tell the engines their ranks, import torch there."""
        self._kernel = _kernel(self._place, "ipyparallel")
        self._kernel.run(_START_CLUSTER)
        self._kernel.run("%%px\nimport torch, torch._dynamo\nimport torch.distributed")

    def shot(self, folder: Path) -> float:
        """Run the step as a cell."""
        cell = self._kernel.run("%%px\n" + step_source(folder))
        return first_step_seconds(folder, cell.pressed)

    def close(self) -> None:
        """Stop the cluster, then the kernel."""
        try:
            self._kernel.run("cluster.stop_cluster_sync()")
        finally:
            self._kernel.close()


_START_CLUSTER = f"""
import os
import ipyparallel
cluster = ipyparallel.Cluster(n={RANKS})
engines = cluster.start_and_connect_sync()
engines.activate()
from commands import free_port, rank_environment
port = free_port()
for rank in range({RANKS}):
    engines[rank].apply_sync(lambda variables: __import__("os").environ.update(variables),
                             rank_environment(rank, port))
"""


def _kernel(place: Place, name: str) -> Kernel:
    folder = place.folder / "-".join(name.split())[:40]
    folder.mkdir(parents=True, exist_ok=True)
    path = [str(place.peers.parent), str(_harmless_pkill(folder)), place.environment["PATH"]]
    environment = {
        **place.environment,
        # nbdistributed starts whatever "python" is first on PATH.
        "PATH": ":".join(path[1:2] + path[:1] + path[2:]),
        "PYTHONPATH": str(Path(__file__).parent),
        "IPYTHONDIR": str(folder / "ipython"),
        "HF_HUB_OFFLINE": "1",
    }
    return Kernel(place.peers, folder, environment)


def _harmless_pkill(folder: Path) -> Path:
    """A folder whose ``pkill`` does nothing: nbdistributed's would end other people's training."""
    pkill = folder / "bin" / "pkill"
    pkill.parent.mkdir(exist_ok=True)
    pkill.write_text("#!/bin/sh\nexit 0\n")
    pkill.chmod(0o755)
    return pkill.parent
