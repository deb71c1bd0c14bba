"""Ranks that are killed, late, or of another opinion end the others with an error that says so."""

import os
import signal
from pathlib import Path

import pytest
from runtime.dataparallel.conftest import PRELUDE

KILLED = """
value = torch.ones({numel})
for count in range(10**9):
    if count == 20 and rank == 1:
        print("about to die", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    started = time.monotonic()
    try:
        dist.all_reduce(value.fill_(1))
    except RuntimeError as error:
        print(type(error).__name__, error, round(time.monotonic() - started, 1), flush=True)
        raise SystemExit(3)
"""


def left_behind():
    return {path.name for path in Path("/dev/shm").glob("sdt-smddp-*")}


@pytest.mark.parametrize("numel", [10, 3_000_000])
def test_the_kill_of_a_rank_ends_the_others_at_once_with_its_number(run_ranks, numel):
    job = run_ranks(KILLED.format(numel=numel), 3, timeout=30)
    assert job.codes == [3, -signal.SIGKILL, 3]
    for rank in (0, 2):
        words = job.log(rank).splitlines()[-1]
        assert words.startswith("CollectiveError rank 1 is gone: it ended, was killed or left")
        assert "all_reduce (SUM)" in words
        assert float(words.split()[-1]) < 5


def test_a_kill_between_two_nodes_ends_the_other_node_too(run_ranks):
    nodes = 'os.environ["SDT_SHARED_MEMORY_NODE"] = str(int(os.environ["RANK"]) // 2)\n'
    again = 'dist.init_process_group("smddp", init_method=f"file://{os.getcwd()}/again", '
    again += "rank=rank, world_size=size)\n"
    body = "dist.destroy_process_group()\n" + nodes + again + KILLED.format(numel=100_000)
    job = run_ranks(body, 4, timeout=60)
    assert job.codes == [3, -signal.SIGKILL, 3, 3]
    assert "rank 1 is gone" in job.log(0)


def test_nothing_is_left_in_shared_memory_when_everybody_is_killed(job):
    before = left_behind()
    prelude = "import os, torch.distributed as dist, jupyter_sdt.runtime.dataparallel\n"
    body = 'dist.init_process_group("smddp")\nprint("joined", flush=True)\n'
    body += "while True:\n    dist.barrier()\n"
    job.write("entry_point.py", prelude + body)
    job.start("entry_point.py", ranks=2, timeout=30)
    for rank in range(2):
        job.until_logged("joined", rank)
        os.kill(job.process(rank)["pid"], signal.SIGKILL)
    job.wait()
    assert -signal.SIGKILL in job.codes
    assert left_behind() <= before


DIFFERENT = """
try:
    {call}
except RuntimeError as error:
    print(error)
    for numel in (10, 300_000):  # and the group still works
        after = torch.ones(numel)
        dist.all_reduce(after)
        assert after.unique().tolist() == [size]
    raise SystemExit(3)
"""


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("dist.all_reduce(torch.ones(3 + rank))", ["(SUM) of 3 float32", "(SUM) of 4 float32"]),
        (
            "dist.all_reduce(torch.ones(3, dtype=[torch.float32, torch.float64][rank]))",
            ["(SUM) of 3 float32", "(SUM) of 3 float64"],
        ),
        (
            "dist.all_reduce(torch.ones(3), [ReduceOp.SUM, ReduceOp.MAX][rank])",
            ["(SUM) of 3 float32", "(MAX) of 3 float32"],
        ),
        (
            "dist.barrier() if rank else dist.broadcast(torch.ones(3), 0)",
            ["for broadcast from rank 0 of 3 float32", "for barrier"],
        ),
    ],
)
def test_ranks_that_ask_for_different_things_are_told_so(run_ranks, call, words):
    job = run_ranks(DIFFERENT.format(call=call), 2)
    assert job.codes == [3, 3], job.log()
    for rank in range(2):
        assert "the ranks of this group do not ask for the same" in job.log(rank)
        assert all(word in job.log(rank) for word in words)


def test_equal_sizes_of_different_shape_differ_only_in_debug_mode(run_ranks):
    call = "dist.all_reduce(torch.ones([(2, 3), (6,)][rank]))"
    assert run_ranks(DIFFERENT.format(call=call), 2).codes == [0, 0]
    detail = {"TORCH_DISTRIBUTED_DEBUG": "DETAIL"}
    job = run_ranks(DIFFERENT.format(call=call), 2, environment=detail)
    assert job.codes == [3, 3]
    assert "of 2x3 float32" in job.log()
    assert "of 6 float32" in job.log()


LATE = """
from datetime import timedelta
mine = dist.new_group(timeout=timedelta(seconds=0.3))
if rank == 0:
    try:
        dist.all_reduce(torch.ones(1), group=mine)
    except RuntimeError as error:
        print(error)
dist.barrier(gloo)
"""


def test_a_rank_that_never_comes_is_named_when_the_time_is_over(agree):
    job = agree(LATE, 2)
    assert "rank 1 did not come to all_reduce (SUM) of 1 float32 within 0.3 s" in job.log()


FALLS_BACK = """
t = torch.ones(1000)
dist.all_reduce(t)
assert t[0] == size and dist.group.WORLD._sharing is None
dist.barrier()
# As Hugging Face's libraries do it with every backend but gloo: sizes fit, shapes do not.
whole = torch.empty(3 * size)
dist.all_gather_into_tensor(whole, torch.full((1, 3), float(rank)))
assert whole.tolist() == [0.0] * 3 + [1.0] * 3
stacked = torch.empty(size, 3)
dist.all_gather_into_tensor(stacked, torch.full((3,), float(rank)))
assert stacked.tolist() == [[0.0] * 3, [1.0] * 3]
share = torch.empty(1, 2)
dist.reduce_scatter_tensor(share, torch.ones(2 * size))
assert share.tolist() == [[size] * 2]
"""


def test_no_shared_memory_falls_back_to_gloo_and_says_so_once(agree):
    # A folder that cannot hold files stands for a full one.
    job = agree(FALLS_BACK, 2, environment={"SDT_SHARED_MEMORY_DIR": "/proc"})
    logs = job.log(0) + job.log(1)
    assert logs.count("shared memory in /proc") == 1
    assert "gloo communicates instead" in job.log(0)


def test_too_little_shared_memory_falls_back_to_gloo_and_says_how_much_is_wanted(job):
    before = left_behind()
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
    job.run(limited + PRELUDE + FALLS_BACK, ranks=2)
    assert job.codes == [0, 0], job.log(0) + job.log(1)
    assert "smddp: no 4.0 MiB of shared memory in /dev/shm (File too large): gloo" in job.log(0)
    assert left_behind() <= before


CROWDED = """
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
dist.barrier()
before = time.process_time()
for count in range(200):
    value = torch.full((500,), float(rank))
    dist.all_reduce(value)
    assert value[0] == size * (size - 1) / 2
print(round((time.process_time() - before) / 200 * 1000, 3))
"""


def test_eight_ranks_on_one_core_wait_without_using_it_up(agree):
    job = agree(CROWDED, 8, timeout=120)
    # Who waits by turning round uses up its whole slice of time, several milliseconds.
    assert all(float(job.log(rank).splitlines()[-1]) < 3 for rank in range(8)), job.log(0)


WORKERS = """
import torch, torch.distributed as dist
from torch.utils.data import DataLoader
import jupyter_sdt.runtime.dataparallel

if __name__ == "__main__":
    dist.init_process_group("smddp")
    for context in ("fork", "spawn")[: 2 - dist.get_rank()]:
        loader = DataLoader(list(range(8)), num_workers=1, multiprocessing_context=context)
        assert sum(batch.item() for batch in loader) == 28
        if context == "fork":
            for batch in loader:
                dist.all_reduce(batch.float())
    dist.barrier()
    assert dist.group.WORLD._sharing.segment.is_alive(1 - dist.get_rank())
    dist.all_reduce(torch.ones(100_000))
    dist.barrier()
    dist.destroy_process_group()
"""


@pytest.mark.slow
def test_workers_of_data_loaders_do_no_harm(job):
    job.run(WORKERS, ranks=2)
    assert job.codes == [0, 0], job.log(0) + job.log(1)


OLD = """
if rank == 0:
    name = "/dev/shm/sdt-smddp-{}-4194304-1-x".format(os.getuid())
    open(name, "w").close()
    os.utime(name, (1, 1))
dist.barrier()
dist.new_group()
assert not any(n.endswith("4194304-1-x") for n in os.listdir("/dev/shm"))
"""


def test_what_a_killed_rank_could_not_unlink_goes_with_the_next_group(agree):
    agree(OLD, 2)


def test_a_waiting_rank_sleeps(agree):
    body = """
dist.barrier(gloo)
if rank == 0:
    time.sleep(0.2)
before = time.process_time()
dist.barrier()
print(time.process_time() - before)
"""
    assert float(agree(body, 2).log(1)) < 0.1
