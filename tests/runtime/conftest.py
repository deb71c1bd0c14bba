"""Ranks of tiny jobs, forked from one process that has torch loaded (0.1 s instead of 5)."""

import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jupyter_sdt.launch.launchers.rendezvous import free_port
from jupyter_sdt.spec.metric import MetricRecord

FOLDERS = "source logs errors metrics processes stacks variables/in variables/out"


@dataclass
class RankJob:
    """A job directory and what its ranks left in it."""

    path: Path
    server: subprocess.Popen
    codes: list = field(default_factory=list)

    def write(self, name, text):
        (self.path / "source" / name).write_text(textwrap.dedent(text))

    def environment(self, rank, ranks, port):
        mine = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
        mine |= {"SDT_JOB_DIRECTORY": str(self.path), "SDT_NODE": "algo-1", "SDT_NODE_RANK": "0"}
        mine |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
        mine |= {"LOCAL_WORLD_SIZE": str(ranks), "GROUP_RANK": "0", "OMP_NUM_THREADS": "1"}
        mine |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        return mine | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def start(self, *argv, ranks=1, timeout=60, spec=None, environment=None):
        (self.path / "job.json").write_text(json.dumps(spec or {}))
        port = free_port()
        more = environment or {}
        rows = [
            [str(self.path / "source"), list(argv), self.environment(rank, ranks, port) | more]
            for rank in range(ranks)
        ]
        self.server.stdin.write(json.dumps({"ranks": rows, "timeout": timeout}) + "\n")
        self.server.stdin.flush()

    def wait(self):
        self.codes = json.loads(self.server.stdout.readline())
        return self

    def run(self, text, *arguments, **options):
        self.write("entry_point.py", text)
        self.start("entry_point.py", *arguments, **options)
        return self.wait()

    def run_cold(self, *argv, environment=None):
        command = [sys.executable, "-m", "jupyter_sdt.runtime.run", *argv]
        mine = self.environment(0, 1, 0) | (environment or {})
        done = subprocess.run(command, cwd=self.path / "source", env=mine, check=False, timeout=120)
        self.codes = [done.returncode]
        return self

    def log(self, rank=0):
        return (self.path / "logs" / f"rank-{rank}.log").read_text()

    def error(self, rank=0):
        return json.loads((self.path / "errors" / f"rank-{rank}.json").read_text())

    def process(self, rank=0):
        return json.loads((self.path / "processes" / f"rank-{rank}.json").read_text())

    def metrics(self, rank=0, source=None):
        path = self.path / "metrics" / f"rank-{rank}.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        records = [MetricRecord.from_line(line) for line in lines]
        return [r for r in records if source is None or r.source == source]

    def until_found(self, text, name):
        path = self.path / name
        deadline = time.monotonic() + 30
        while not (path.exists() and text in path.read_text()):
            assert time.monotonic() < deadline, f"{text!r} never appeared in {path}"
            time.sleep(0.005)
        return path

    def until_logged(self, text, rank=0):
        self.until_found(text, f"logs/rank-{rank}.log")


@pytest.fixture(scope="session")
def warm_server():
    command = [sys.executable, str(Path(__file__).with_name("warm_ranks.py"))]
    root = str(Path(__file__).parents[2])
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert server.stdout.readline() == "ready\n"
    yield server
    server.stdin.close()
    server.wait(60)


@pytest.fixture
def job(tmp_path, warm_server):
    for folder in FOLDERS.split():
        (tmp_path / "job" / folder).mkdir(parents=True)
    return RankJob(tmp_path / "job", warm_server)


MODEL = """
import torch
from torch import nn
from torch.nn import functional as F
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
x, y = torch.randn(10, 8), torch.randn(10, 1)
"""


@pytest.fixture
def model_script():
    return MODEL


@pytest.fixture
def records_of(job):
    """What autolog recorded while a script with this body ran on top of a small model."""

    def records(body, *arguments, **options):
        job.run(MODEL + body, *arguments, **options)
        assert job.codes == [0] * len(job.codes), job.log()
        return job.metrics(source="autolog")

    return records
