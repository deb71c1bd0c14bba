"""Scripts must see the interpreter that ``python entry_point.py`` gives them."""

import os
import signal

import pytest

CLEAN_MAIN = """
    import dataclasses, inspect, os, pickle, sys

    @dataclasses.dataclass
    class Point:
        x: int

    class Plain:
        pass

    assert __name__ == "__main__" and __spec__ is None and __file__ == os.path.abspath(sys.argv[0])
    assert sys.modules["__main__"].__dict__ is globals()
    assert sys.argv == ["entry_point.py", "--lr", "0.1", "a b", ""], sys.argv
    assert sys.path[0] == os.getcwd() == os.path.dirname(__file__)
    assert pickle.loads(pickle.dumps(Point(3))) == Point(3)
    assert type(pickle.loads(pickle.dumps(Plain()))) is Plain
    assert inspect.getsource(Plain) == "class Plain:\\n    pass\\n"
    assert sys.stdin.read() == "" and os.read(0, 1) == b""
    import helper
    print(helper.VALUE, "é\\udc80")
"""


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_the_script_is_main_and_sees_its_arguments_path_and_source(job, start):
    job.write("helper.py", "VALUE = 5\n")
    arguments = ("--lr", "0.1", "a b", "")
    if start == "warm":
        job.run(CLEAN_MAIN, *arguments)
    else:
        job.write("entry_point.py", CLEAN_MAIN)
        job.run_cold("entry_point.py", *arguments)
    assert job.codes == [0], job.log()
    assert job.log() == "5 é\\udc80\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_every_multiprocessing_start_method_finds_the_script(job, method):
    job.run(
        f"""
        import multiprocessing, os

        def square(x):
            return x * x

        class Box:
            def __init__(self, value):
                self.value = value

        def unpack(box, queue):
            queue.put((box.value, type(box).__name__))

        if __name__ == "__main__":
            multiprocessing.set_start_method("{method}")
            with multiprocessing.Pool(2) as pool:
                print(pool.map(square, [1, 2, 3]))
            queue = multiprocessing.SimpleQueue()
            child = multiprocessing.Process(target=unpack, args=(Box(7), queue))
            child.start()
            print(queue.get())
            child.join()
        """
    )
    assert job.codes == [0], job.log()
    assert job.log() == "[1, 4, 9]\n(7, 'Box')\n"


LOADER = """
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Numbers(Dataset):
        def __len__(self):
            return 8
        def __getitem__(self, index):
            return torch.tensor([float(index)])

    if __name__ == "__main__":
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
        options = dict(multiprocessing_context="{method}", persistent_workers=True)
        loader = DataLoader(Numbers(), batch_size=2, num_workers=2, **options)
        for epoch in range(2):
            for x in loader:
                optimizer.zero_grad()
                model(x).mean().backward()
                optimizer.step()
        print("done", torch.utils.data.get_worker_info())
"""


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_data_loader_workers_neither_hang_nor_touch_the_rank_s_metrics(job, method):
    job.run(LOADER.format(method=method), ranks=2)
    assert job.codes == [0, 0], job.log()
    assert job.log(1).endswith("\ndone None\n")
    records = job.metrics(rank=1, source="autolog")
    assert [r.step for r in records] == sorted({r.step for r in records})
    assert records[-1].step == 8


def test_every_forked_rank_has_its_own_numpy_random_state_and_key(job):
    text = """
        import multiprocessing, random, uuid, numpy as np
        print(np.random.rand(), random.random(), bytes(multiprocessing.current_process().authkey))
    """
    job.run(text, ranks=2)
    one, two = job.log(0).split(" ", 2), job.log(1).split(" ", 2)
    assert all(a != b for a, b in zip(one, two, strict=True))


def test_thread_counts_follow_the_environment_and_the_script(job):
    text = """
        import os, sys
        if "set" in sys.argv:
            os.environ["OMP_NUM_THREADS"] = "3"
        import torch
        print(torch.get_num_threads(), torch.randn(300, 300).mm(torch.randn(300, 300)).shape[0])
    """
    job.run(text, environment={"OMP_NUM_THREADS": "2"})
    job.run(text, "set")
    assert job.log() == "2 300\n3 300\n"


def test_exit_codes_are_kept(job):
    for statement, code in {
        "import sys; sys.exit(7)": 7,
        "raise SystemExit": 0,
        "import sys; sys.exit('no data')": 1,
        "import os; os._exit(9)": 9,
        "raise KeyboardInterrupt": 130,
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": -9,
        "import ctypes; ctypes.string_at(0)": -11,
    }.items():
        assert job.run(statement).codes == [code], statement
    assert "no data\n" in job.log()
    assert "Segmentation fault" in job.log()


def test_sigterm_ends_a_script_that_does_not_handle_it(job):
    job.write("entry_point.py", "import time\nprint('ready')\ntime.sleep(60)\n")
    job.start("entry_point.py")
    job.until_logged("ready")
    os.kill(job.process()["pid"], signal.SIGTERM)
    assert job.wait().codes == [-signal.SIGTERM]


def test_sigterm_reaches_the_handler_of_a_script(job):
    job.write(
        "entry_point.py",
        """
        import signal, sys, time
        def save(number, frame):
            print("saved")
            sys.exit(3)
        signal.signal(signal.SIGTERM, save)
        print("ready")
        time.sleep(60)
        """,
    )
    job.start("entry_point.py")
    job.until_logged("ready")
    os.kill(job.process()["pid"], signal.SIGTERM)
    assert job.wait().codes == [3]
    assert job.log() == "ready\nsaved\n"
    assert job.process()["exit_code"] == 3


def test_the_signal_for_stacks_writes_every_thread_and_training_goes_on(job):
    job.write(
        "entry_point.py",
        """
        import threading, time
        def waiting_for_a_peer():
            print("ready")
            go.wait(30)
        go = threading.Event()
        thread = threading.Thread(target=waiting_for_a_peer)
        thread.start()
        while not __import__("os").path.exists("go"):
            time.sleep(0.005)
        go.set()
        """,
    )
    job.start("entry_point.py")
    job.until_logged("ready")
    os.kill(job.process()["pid"], signal.SIGUSR1)
    stacks = job.until_found("Current thread", "stacks/rank-0.txt")
    job.write("go", "")
    assert job.wait().codes == [0]
    assert "waiting_for_a_peer" in stacks.read_text()


def test_shell_scripts_and_programs_run_with_an_argument_list(job):
    job.write("train.sh", 'echo "$0|$1|$2|$RANK"; exit 4\n')
    job.start("train.sh", "a b", "$(touch owned); x")
    assert job.wait().codes == [4]
    assert job.log().split("|", 1)[1] == "a b|$(touch owned); x|0\n"
    assert not (job.path / "source" / "owned").exists()
    job.write("tool", "#!/usr/bin/env python3\nimport sys; print(sys.argv[1:])\n")
    job.start("tool", "--lr", "1", ranks=2)
    assert job.wait().codes == [0, 0]
    assert job.log(1) == "['--lr', '1']\n"


def test_a_shell_script_survives_the_signal_for_stacks(job):
    job.write("train.sh", "#!/bin/sh\necho ready\nwhile [ ! -e go ]; do sleep 0.01; done\n")
    job.start("train.sh")
    job.until_logged("ready")
    os.kill(job.process()["pid"], signal.SIGUSR1)
    job.write("go", "")
    assert job.wait().codes == [0]


def test_the_environment_file_is_applied_before_anything_else(job):
    job.write("algo-2.json", '{"SM_CURRENT_HOST": "algo-2", "RANK": "1", "WORLD_SIZE": "2"}')
    job.write("entry_point.py", "import os; print(os.environ['SM_CURRENT_HOST'])")
    job.run_cold("--environment", "algo-2.json", "entry_point.py")
    assert (job.codes, job.log(1)) == ([0], "algo-2\n")
    assert job.run_cold("--environment", "none.json", "entry_point.py").codes == [2]
    assert job.run_cold().codes == [2]


def test_a_missing_entry_point_is_an_error_that_names_it(job):
    job.start("gone.py")
    assert job.wait().codes == [1]
    assert job.error()["type"] == "FileNotFoundError"
    assert "gone.py" in job.error()["message"]


def test_variables_that_contradict_each_other_end_the_rank_before_the_script(job):
    job.run("print('not reached')", environment={"RANK": "2"})
    assert job.codes == [2]
    assert not (job.path / "logs" / "rank-2.log").exists()
