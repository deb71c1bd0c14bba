"""What goes wrong while ranks run."""

from __future__ import annotations

import os
import signal

from errors.bench import Bench
from errors.registry import scenario

from jupyter_sdt import ScalingStudy, TrainingInput
from jupyter_sdt.store.files import read_json


@scenario
def exception_on_rank_1_only(bench: Bench) -> None:
    bench.train(
        "--processes 2",
        """
        import os, torch, torch.distributed as dist
        dist.init_process_group("gloo")
        if os.environ["RANK"] == "1":
            raise ValueError("labels are empty")
        dist.all_reduce(torch.ones(1))
        """,
    )


@scenario
def module_missing(bench: Bench) -> None:
    bench.train("", "import einopps\n")


@scenario
def input_on_a_rank(bench: Bench) -> None:
    bench.train("", "name = input()\n")


@scenario
def exit_code(bench: Bench) -> None:
    bench.train_script("raise SystemExit(7)")


@scenario
def shell_script_fails(bench: Bench) -> None:
    script = bench.file("train.sh", "echo preparing\nexit 3\n")
    bench.train(f"--entry-point {script}", "")


@scenario
def rank_killed(bench: Bench) -> None:
    job = bench.running(processes_per_node=2)
    os.kill(read_json(job.directory.process(1))["pid"], signal.SIGKILL)
    job.wait(60)


@scenario
def rank_crashes(bench: Bench) -> None:
    bench.train_script("import ctypes\nctypes.string_at(0)\n")


@scenario
def out_of_memory(bench: Bench) -> None:
    bench.train(
        "--processes 2",
        """
        import os, resource
        if os.environ["RANK"] == "1":
            limit = 64 << 30
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            batch = bytearray(1 << 40)
        """,
    )


@scenario
def hang(bench: Bench) -> None:
    bench.train_script(
        """
        import os, time
        from jupyter_sdt.runtime import log_metrics
        for step in range(3 if os.environ["RANK"] == "0" else 1):
            log_metrics(step=step, loss=1.0)
        time.sleep(300)
        """,
        processes_per_node=2,
        hang_seconds=3,
        stop_seconds=1,
    )


@scenario
def disk_full_while_training(bench: Bench) -> None:
    bench.patch.setenv("SDT_JOBS_DIR", str(bench.fixture("tiny_disk")))
    bench.train_script(
        """
        with open("checkpoint", "wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        """
    )


@scenario
def out_never_set(bench: Bench) -> None:
    bench.train("--out accuracy", "accuracies = 0.9\n")


@scenario
def out_that_cannot_be_sent(bench: Bench) -> None:
    bench.train("--out step", "step = lambda: 1\n")


@scenario
def unknown_channel_in_the_script(bench: Bench) -> None:
    bench.train_script(
        "from jupyter_sdt.runtime import channel\nchannel('train')\n",
        inputs={"training": bench.file("digits/images.npy")},
    )


@scenario
def runtime_started_twice(bench: Bench) -> None:
    bench.train_script("from jupyter_sdt.runtime import init\ninit()\ninit()\n")


@scenario
def nccl_without_gpus(bench: Bench) -> None:
    bench.train_script(
        "from jupyter_sdt.runtime import init\ninit('nccl')\n",
        processes_per_node=2,
        environment={"CUDA_VISIBLE_DEVICES": ""},
    )


@scenario
def pipe_channel_that_cannot_be_fed(bench: Bench) -> None:
    images = bench.file("digits/images.gz", "this is no gzip file")
    bench.train_script(
        """
        import os, time
        with open(os.environ["SM_CHANNEL_TRAINING"] + "_0", "rb") as pipe:
            pipe.read()
        time.sleep(300)
        """,
        inputs=TrainingInput(images, input_mode="Pipe", compression="Gzip"),
    )


@scenario
def metric_not_a_number(bench: Bench) -> UserWarning:
    job = bench.start("from jupyter_sdt.runtime import log_metrics\nlog_metrics(loss='low')\n")
    job.wait(60)
    return UserWarning("\n".join(job.logs()))


@scenario
def study_of_a_script_that_records_nothing(bench: Bench) -> None:
    ScalingStudy(bench.estimator(), [1], name="study").run()
