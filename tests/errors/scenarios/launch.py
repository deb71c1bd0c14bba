"""What can be wrong with the machine when a job is to start."""

from __future__ import annotations

import contextlib
import socket
import sys

from errors.bench import Bench
from errors.registry import scenario

ON = {"enabled": True}


@scenario
def jobs_folder_not_writable(bench: Bench) -> None:
    # Root may write anywhere, so what is in the way is a file.
    bench.patch.setenv("SDT_JOBS_DIR", bench.file("jobs_file") + "/jobs")
    try:
        bench.estimator().fit()
    finally:
        bench.patch.setenv("SDT_JOBS_DIR", str(bench.folder / "jobs"))


@scenario
def disk_full_at_the_start(bench: Bench) -> None:
    disk = bench.fixture("tiny_disk")
    with (disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    bench.patch.setenv("SDT_JOBS_DIR", str(disk))
    bench.estimator("print('hello')  #" + "x" * 5000).fit()


@scenario
def mpirun_absent(bench: Bench) -> None:
    # An interpreter without mpirun beside it, and nothing on PATH.
    python = bench.folder / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    bench.patch.setattr(sys, "executable", str(python))
    bench.patch.setenv("PATH", str(bench.folder))
    bench.estimator(distribution={"mpi": {**ON, "processes_per_host": 2}}).fit()


@scenario
def gpu_absent(bench: Bench) -> None:
    bench.patch.setenv("CUDA_VISIBLE_DEVICES", "")
    declined = {"SDT_VIRTUAL_CUDA": "0"}
    bench.estimator(instance_type="local_gpu", environment=declined).fit()


@scenario
def out_of_sagemaker(bench: Bench) -> None:
    bench.estimator(
        instance_type="ml.m5.xlarge", instance_count=1, role="trainer", image_uri="image"
    ).start(variables_out=("model",))


@scenario
def port_taken(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        bench.estimator(processes_per_node=2, environment={"MASTER_PORT": port}).fit()


@scenario
def port_taken_meanwhile(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bench.train_script(
            f"""
            import os
            import torch.distributed as dist
            # As if another program had taken the chosen port before rank 0 could.
            os.environ["MASTER_PORT"] = "{taken.getsockname()[1]}"
            if os.environ["RANK"] == "0":
                dist.init_process_group("gloo")
            """,
            processes_per_node=2,
        )


@scenario
def requirements_that_cannot_be_installed(bench: Bench) -> None:
    file = bench.file("requirements.txt", "./wheels/not_there-1.0-py3-none-any.whl\n")
    bench.train_script("print('hello')", requirements=file)


@scenario
def requirements_editable(bench: Bench) -> None:
    file = bench.file("requirements.txt", "-e ./library\n")
    bench.estimator(requirements=file).fit()


@scenario
def interpreter_gone(bench: Bench) -> None:
    # As after "rm -r .venv" below a running kernel.
    bench.patch.setattr(sys, "executable", str(bench.folder / "bin" / "python"))
    bench.patch.setenv("SDT_NURSERY", "0")
    bench.estimator().fit()
