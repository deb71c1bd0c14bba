from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import Jobs

from jupyter_sdt.launch.node.devices import count_cpus, count_gpus

LISTING = """#!/bin/sh
[ "$1" = --list-gpus ] || exit 1
echo 'GPU 0: NVIDIA H200 (UUID: GPU-0f2c)'
echo '  MIG 1g.18gb Device 0: (UUID: MIG-1)'
echo 'GPU 1: NVIDIA H200 (UUID: GPU-1a3d)'
"""


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text(LISTING)
    command.chmod(0o700)
    monkeypatch.setenv("PATH", str(command.parent))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("visible", "count"), [(None, 2), ("1", 1), ("", 0), ("0,1,2,3", 2), ("0,-1,1", 1), ("-1", 0)]
)
def test_gpus_are_those_the_driver_lists_less_the_hidden_ones(
    jobs: Jobs, visible: str | None, count: int
) -> None:
    given = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert count_gpus(jobs.spec(instance_type="local_gpu", environment=given)) == count


@pytest.mark.usefixtures("two_gpus")
def test_a_cpu_node_has_no_gpus_whatever_the_machine_has(jobs: Jobs) -> None:
    assert count_gpus(jobs.spec(instance_type="local")) == 0


def test_without_the_driver_there_are_no_gpus(jobs: Jobs, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert count_gpus(jobs.spec(instance_type="local_gpu")) == 0


def test_processors_are_those_this_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert count_cpus() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert count_cpus() == len(before)
