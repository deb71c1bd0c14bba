"""Freed memory stays with the rank, unless the user has settings of their own."""

import pytest

from jupyter_sdt.runtime.allocator import keep_freed_memory

RESIDENT = """
import torch
def megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
before = megabytes()
blocks = [torch.ones(2_000_000) for _ in range(6)]
del blocks
print(megabytes() - before)
"""


def test_memory_that_a_step_has_freed_is_there_for_the_next(job):
    kept = []
    for environment in ({}, {"SDT_KEEP_FREED_MEMORY": "0"}):
        job.run(RESIDENT, environment=environment)
        kept.append(float(job.log().split()[-1]))
    with_it, without = kept
    assert with_it > 30  # of 46 MB
    assert without < 20


@pytest.mark.parametrize(
    "setting",
    [
        {"MALLOC_TRIM_THRESHOLD_": "1000000"},
        {"MALLOC_MMAP_THRESHOLD_": "1000000"},
        {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=1000000"},
        {"SDT_KEEP_FREED_MEMORY": "0"},
    ],
)
def test_the_users_own_settings_of_the_allocator_count(setting):
    assert keep_freed_memory(setting) is False
