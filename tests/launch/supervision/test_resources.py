"""What ranks use of the machine, sampled by their supervisor."""

import json
import os
import time

from support import ranks, until

from jupyter_sdt.launch.supervision import resources
from jupyter_sdt.launch.supervision.gpu_usage import GpuUsage
from jupyter_sdt.launch.supervision.resources import ResourceSampler

BUSY = """
import time
ballast = bytearray(80_000_000)
end = time.monotonic() + 60
while time.monotonic() < end:
    sum(range(1000))
"""
NVIDIA_SMI = """#!/bin/sh
case "$*" in
  *--list-gpus*) echo "GPU 0: one"; echo "GPU 1: two";;
  *) printf '0, 35, 1024\\n1, [N/A], 5\\n'; sleep 30;;
esac
"""


def records(directory):
    try:
        lines = directory.resources_file.read_text().splitlines()
    except OSError:
        return []
    return [json.loads(line) for line in lines]


def test_processor_and_memory_of_each_rank_are_kept(jobs):
    directory = jobs.start(BUSY, distribution=ranks(2))
    try:
        found = until(
            lambda: (
                sum("cpu_percent" in r["values"] for r in records(directory)) >= 2
                and records(directory)
            ),
            60,
        )
    finally:
        directory.ask_to_stop()
        jobs.wait(directory)
    assert {record["rank"] for record in found} == {0, 1}
    assert {record["source"] for record in found} == {"resources"}
    assert all(record["values"]["memory_bytes"] > 80_000_000 for record in found)
    assert any(record["values"].get("cpu_percent", 0) > 5 for record in found)
    count = len(records(directory))
    assert len(records(directory)) == count  # nobody writes any more


def test_nothing_is_looked_at_before_a_second_has_passed(jobs, monkeypatch):
    directory = jobs.write("pass")
    sampler = ResourceSampler(directory.read_spec(), directory)
    monkeypatch.setattr(resources, "living_ranks", lambda _: {}[0])
    sampler.poll()
    assert not directory.resources_file.exists()


def test_a_look_costs_little(jobs):
    directory = jobs.start(BUSY)
    until(lambda: directory.process(0).exists())
    sampler = ResourceSampler(directory.read_spec(), directory, _due=0.0)
    sampler.poll()
    began = time.process_time()
    for _ in range(20):
        sampler._due = 0.0
        sampler.poll()
    spent = (time.process_time() - began) / 20
    directory.ask_to_stop()
    jobs.wait(directory)
    assert spent < 0.1  # some milliseconds, were the machine idle


def test_gpus_are_read_from_nvidia_smi_where_there_is_one(jobs, tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(NVIDIA_SMI)
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    usage = GpuUsage.of_job(jobs.spec(instance_type="local_gpu"))
    try:
        expected = {"gpu_percent": 35.0, "gpu_memory_bytes": 1024 * 2**20}
        assert until(lambda: usage.of_rank(0)) == expected
    finally:
        usage.close()
    assert usage.process.returncode is not None
    assert GpuUsage.of_job(jobs.spec()).of_rank(0) == {}
