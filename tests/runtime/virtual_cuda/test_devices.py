"""torch.cuda's functions, and devices named in every way that scripts name them."""

import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a real GPU is never touched")


def test_there_is_a_device_for_each_process_and_the_log_says_so(virtual):
    job = virtual("""
assert torch.cuda.is_available() and torch.cuda.is_initialized()
print(torch.cuda.device_count(), torch.cuda.current_device())
""")
    first, rest = job.log().split("\n", 1)
    assert first.startswith("jupyter_sdt: no GPU here: torch.cuda answers on the CPU as 2 virtual")
    assert rest == "2 0\n"


def test_without_being_asked_nothing_is_touched(job):
    job.run("""
    import torch
    print(torch.cuda.is_available(), torch.cuda.set_device.__module__, type(torch.zeros).__name__)
    """)
    assert job.log() == "False torch.cuda builtin_function_or_method\n"


def test_where_torch_finds_a_real_gpu_nothing_is_touched(job):
    job.run("""
    import torch
    from types import SimpleNamespace
    from jupyter_sdt.runtime.virtual_cuda.installing import install
    with_gpu = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    print(install(with_gpu), vars(with_gpu).keys(), type(torch.zeros).__name__)
    """)
    assert job.log() == "False dict_keys(['cuda']) builtin_function_or_method\n"


def test_the_current_device_is_set_by_number_digit_name_and_context(virtual):
    virtual("""
cuda = torch.cuda
for device in (1, "1", "cuda:1", torch.device("cuda:1"), torch.device("cuda", 1)):
    cuda.set_device(0)
    cuda.set_device(device)
    assert cuda.current_device() == 1, device
with cuda.device(0):
    assert cuda.current_device() == 0
with cuda.device("cuda:0"), cuda.device_of(torch.zeros(1)):
    assert cuda.current_device() == 0
assert cuda.current_device() == 1
refused(lambda: cuda.set_device(2), RuntimeError, "invalid device ordinal: cuda:2; this node has 2")
refused(lambda: torch.zeros(1, device="cuda:7"), RuntimeError, "cuda:7")
cuda.set_device(torch.zeros(1, device="cuda").device)  # a tensor says that it is on the CPU
assert cuda.current_device() == 1
""")


def test_devices_tell_about_themselves(virtual):
    virtual("""
properties = torch.cuda.get_device_properties(1)
assert properties.name == torch.cuda.get_device_name("cuda:1")
assert torch.cuda.get_device_capability() == (properties.major, properties.minor)
free, total = torch.cuda.mem_get_info()
assert 0 < free <= total == properties.total_memory
assert torch.cuda.is_bf16_supported() and torch.cuda.nccl.version() > (2, 10)
assert "virtual" in torch.cuda.memory_summary()
""")


def test_memory_statistics_follow_what_the_process_really_takes(virtual):
    virtual("""
before = torch.cuda.memory_allocated()
block = torch.ones(32 << 20, device="cuda")  # 128 MiB
taken = torch.cuda.memory_allocated("cuda:0") - before
assert 100 << 20 < taken < 300 << 20, taken
del block
peak = torch.cuda.max_memory_allocated()
assert peak - before > 100 << 20
torch.cuda.reset_peak_memory_stats()
assert torch.cuda.max_memory_reserved() < peak
stats = torch.cuda.memory_stats()
assert stats["allocated_bytes.all.peak"] < peak and stats["allocation.large_pool.freed"] == 0
assert stats["num_alloc_retries"] == stats["oversize_segments.peak"] == 0
torch.cuda.memory._record_memory_history()
torch.cuda.memory._dump_snapshot("snapshot.pickle")
torch.cuda.empty_cache()
""")


def test_the_random_state_is_saved_and_restored(virtual):
    virtual("""
torch.cuda.manual_seed_all(7)
state, states = torch.cuda.get_rng_state("cuda:1"), torch.cuda.random.get_rng_state_all()
first = torch.rand(3, device="cuda")
assert len(states) == 2
torch.cuda.set_rng_state(state)
assert torch.equal(torch.rand(3), first)
torch.cuda.set_rng_state_all(states)
assert torch.equal(torch.rand(3), first)
torch.cuda.manual_seed(7)
assert torch.equal(torch.rand(3).cuda(), first) and torch.cuda.initial_seed() == 7
generator = torch.Generator(device="cuda").manual_seed(7)
assert torch.equal(torch.rand(3, generator=generator, device="cuda"), first)
assert isinstance(torch.default_generator, torch.Generator)
assert isinstance(torch.cuda.default_generators[1], torch.Generator)
""")


def test_events_tell_real_time_and_streams_are_followed(virtual):
    virtual("""
import time
start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
refused(lambda: start.elapsed_time(end), RuntimeError, "must be recorded")
start.record()
time.sleep(0.02)
end.record(torch.cuda.current_stream())
torch.cuda.synchronize()
assert end.query() and start.elapsed_time(end) >= 20
side = torch.cuda.Stream(priority=-1)
side.wait_stream(torch.cuda.default_stream())
with torch.cuda.stream(side):
    assert torch.cuda.current_stream() is side
    x = torch.ones(2).cuda(non_blocking=True)
    x.record_stream(side)
assert torch.cuda.current_stream() is torch.cuda.default_stream()
""")


def test_marks_for_profilers_are_accepted(virtual):
    virtual("""
from torch.cuda import nvtx
assert nvtx.range_push("outer") == 0 and nvtx.range_push("inner") == 1
nvtx.range_pop(), nvtx.range_pop(), nvtx.mark("here")
with nvtx.range("step"), torch.cuda.profiler.profile():
    pass
torch.cuda.check_error(torch.cuda.cudart().cudaProfilerStart())
with torch.autograd.profiler.emit_nvtx():
    pass
""")


def test_a_profile_of_cuda_is_one_of_the_cpu(virtual):
    job = virtual("""
from torch.profiler import ProfilerActivity, profile
with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
    torch.ones(2, device="cuda").exp()
with torch.autograd.profiler.profile(use_device="cuda") as older:
    torch.ones(2).cuda().exp()
for found in (seen, older):
    assert "aten::exp" in found.key_averages().table(sort_by="cuda_time_total", row_limit=20)
""")
    assert "Failed to record CUDA event" not in job.log()


SPAWNING = """
import torch
import torch.multiprocessing as mp

def child(rank, queue):
    torch.cuda.set_device(rank)
    queue.put((rank, torch.cuda.current_device(), torch.zeros(2, device="cuda").sum().item()))

if __name__ == "__main__":
    context = mp.get_context("spawn")
    queue = context.SimpleQueue()
    worker = context.Process(target=child, args=(1, queue))
    worker.start()
    print(queue.get())
    worker.join()
"""


@pytest.mark.slow
def test_spawned_children_have_it_too(virtual):
    job = virtual.job
    job.run(SPAWNING, environment={"SDT_VIRTUAL_CUDA": "1", "SM_NUM_GPUS": "2"})
    assert "(1, 1, 0.0)" in job.log(), job.log()


@pytest.mark.slow
def test_python_started_by_a_shell_script_has_it_and_the_users_own_sitecustomize(job, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("print('own')\n")
    code = "import torch; print(torch.cuda.device_count())"
    job.write("train.sh", f"#!/bin/sh\n{sys.executable} -c '{code}'\n")
    path = f"{tmp_path / 'own'}:{Path(__file__).parents[3]}"
    environment = {"SDT_VIRTUAL_CUDA": "1", "SM_NUM_GPUS": "3", "PYTHONPATH": path}
    job.start("train.sh", environment=environment)
    lines = job.wait().log().splitlines()
    assert [line for line in lines if not line.startswith("jupyter_sdt")] == ["own", "3"]


def test_torch_imported_late_is_found_and_changed(job):
    body = """
import sys
from importlib.util import find_spec
print(find_spec("torch") is not None, "torch" in sys.modules)
import torch
print(torch.cuda.is_available())
"""
    job.write("entry_point.py", body)
    job.run_cold("entry_point.py", environment={"SDT_VIRTUAL_CUDA": "1"})
    lines = [line for line in job.log().splitlines() if not line.startswith("jupyter_sdt")]
    assert lines == ["True False", "True"]
