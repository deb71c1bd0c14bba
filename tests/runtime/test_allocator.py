"""Freed memory stays with the rank, unless the user has settings of their own."""

import pytest

from jupyter_sdt.runtime.allocator import keep_freed_memory

FAULTS = """
import resource, torch
def step():
    return [torch.ones(2_000_000) for _ in range(4)]
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_a_step_that_allocates_what_the_last_one_freed_needs_no_new_pages(job):
    faults = []
    for environment in ({}, {"SDT_KEEP_FREED_MEMORY": "0"}):
        job.run(FAULTS, environment=environment)
        faults.append(int(job.log().split()[-1]))
    kept, given_back = faults
    assert kept < 1000 < given_back


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
