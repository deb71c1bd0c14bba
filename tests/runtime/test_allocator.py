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


BUFFERS = """
import sys, threading, torch
from jupyter_sdt.runtime.allocator import free_thread_buffers, share_one_arena
share_one_arena()
torch.set_num_threads(1)
a, b = torch.randn(128, 512), torch.randn(512, 2048)
computed, leave = threading.Semaphore(0), threading.Event()
def megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
def compute():
    torch.set_num_threads(1)
    a @ b
    if sys.argv[1] == "free":
        free_thread_buffers()
    computed.release()
    leave.wait()
a @ b
before = megabytes()
for _ in range(6):  # in turn
    threading.Thread(target=compute).start()
    computed.acquire()
print(megabytes() - before)
leave.set()
"""


@pytest.mark.skipif("not __import__('torch').backends.mkl.is_available()", reason="needs MKL")
def test_threads_that_wait_keep_no_buffers(job):
    kept = {}
    for way in ("keep", "free"):
        job.run(BUFFERS, way)
        kept[way] = float(job.log().split()[-1])
    assert kept["keep"] > kept["free"] + 5, kept  # of 6 times some 2 MB
