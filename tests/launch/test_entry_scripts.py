"""Scripts that do awkward things must not notice that their process was forked by a nursery."""

from __future__ import annotations

import pytest
from support import ranks

WORKERS = """
import torch, sys
from torch.utils.data import DataLoader, TensorDataset

def main():
    data = TensorDataset(torch.arange(8.0))
    loader = DataLoader(data, batch_size=2, num_workers=2, multiprocessing_context={context!r})
    print(sum(batch.sum().item() for (batch,) in loader))

if __name__ == "__main__":
    main()
"""
SCRIPTS = {
    "sets the start method to spawn": """
        import multiprocessing as mp

        def square(x):
            return x * x

        if __name__ == "__main__":
            mp.set_start_method("spawn")
            with mp.Pool(1) as pool:
                print(pool.map(square, [3]))
        """,
    "uses DataLoader workers by fork": WORKERS.format(context="fork"),
    "uses DataLoader workers by spawn": WORKERS.format(context="spawn"),
    "chooses its threads before importing torch": """
        import os
        os.environ["OMP_NUM_THREADS"] = "2"
        import torch
        assert torch.get_num_threads() == 2, torch.get_num_threads()
        print("ok")
        """,
    "meets at a port of its own": """
        import os, socket
        os.environ["MASTER_ADDR"] = "localhost"
        os.environ["MASTER_PORT"] = str(20000 + int(os.environ["MASTER_PORT"]) % 10000)
        import torch, torch.distributed as dist
        dist.init_process_group("gloo")
        total = torch.ones(1)
        dist.all_reduce(total)
        assert total.item() == 2
        print("met")
        """,
    "joins a process group again and again": """
        import torch, torch.distributed as dist
        for _ in range(10):
            dist.init_process_group("gloo")
            dist.all_reduce(torch.ones(1))
            dist.barrier()
            dist.destroy_process_group()
        print("joined")
        """,
    "imports torch by name inside a function": """
        import importlib
        def late():
            return importlib.import_module("torch")
        print(late().ones(2).sum().item())
        """,
    "computes with several threads": """
        import torch
        torch.set_num_threads(2)
        a = torch.randn(512, 512)
        print((a @ a).shape)
        """,
    "pickles a class of its own": """
        import pickle, dataclasses
        @dataclasses.dataclass
        class Point:
            x: int
        assert pickle.loads(pickle.dumps(Point(3))) == Point(3)
        print(__name__, Point.__module__)
        """,
    "reads its own source": """
        import inspect
        def here():
            return 1
        assert "return 1" in inspect.getsource(here)
        print("ok")
        """,
    "changes directory and exits in a thread": """
        import os, threading, time
        os.chdir("/")
        threading.Thread(target=lambda: (time.sleep(0.1), print("thread done"))).start()
        """,
    "registers atexit and leaves by sys.exit": """
        import atexit, sys
        atexit.register(print, "bye")
        sys.exit(0)
        """,
    "frees its DDP model after the process group": """
        import torch, torch.distributed as dist
        from torch.nn.parallel import DistributedDataParallel
        def train():
            dist.init_process_group("gloo")
            model = DistributedDataParallel(torch.nn.Linear(2, 2))
            model(torch.ones(1, 2)).sum().backward()
            dist.destroy_process_group()
        train()
        print("left")
        """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_that(jobs, name):
    directory = jobs.run(SCRIPTS[name], distribution=ranks(2))
    state = directory.read_state()
    assert state.status == "Completed", state.failure_reason + directory.log(0).read_text()
    assert directory.log(0).read_text().strip()


def test_every_rank_and_every_job_draws_its_own_random_numbers(jobs):
    source = "import random, numpy; print(random.random(), numpy.random.rand())"
    drawn = []
    for _ in range(2):
        directory = jobs.run(source, distribution=ranks(2))
        drawn += [directory.log(rank).read_text() for rank in (0, 1)]
    assert len(set(drawn)) == 4


def test_nothing_of_one_job_is_left_for_the_next(jobs):
    source = "import sys; print('leftover' in sys.modules); sys.modules['leftover'] = sys"
    logs = [jobs.run(source).log(0).read_text() for _ in range(2)]
    assert logs == ["False\n", "False\n"]


def test_a_rank_that_ends_as_soon_as_it_has_joined_does_not_fail_the_others(jobs):
    source = "from jupyter_sdt.runtime import init; init()"
    states = [jobs.run(source, distribution=ranks(8)).read_state() for _ in range(3)]
    assert [state.status for state in states] == ["Completed"] * 3, states[0].failure_reason
