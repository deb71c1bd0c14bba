"""Every launcher starts the same script with the same variables, for real."""

from __future__ import annotations

import json
import sys

import pytest
from support import ranks

REPORT = """
import json, os
names = ["RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR",
         "TORCHELASTIC_RESTART_COUNT", "TORCHELASTIC_MAX_RESTARTS", "SM_CURRENT_HOST",
         "SM_HOSTS", "SDT_NODE", "SM_MODEL_DIR", "OMP_NUM_THREADS"]
print(json.dumps({n: os.environ.get(n) for n in names}))
"""
ALLREDUCE = """
import torch, torch.distributed as dist
dist.init_process_group("gloo")
total = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(total)
print("sum", total.item())
dist.barrier()
dist.destroy_process_group()
"""
MPI = """
from mpi4py import MPI
import os
world = MPI.COMM_WORLD
print(world.allreduce(world.Get_rank() + 1), os.environ["SM_CURRENT_HOST"], "RANK" in os.environ)
"""


def reports(directory, world_size):
    return [json.loads(directory.log(rank).read_text()) for rank in range(world_size)]


def logs(directory, world_size):
    return [directory.log(rank).read_text() for rank in range(world_size)]


@pytest.mark.parametrize(
    "launcher",
    [
        "nursery",
        pytest.param("torchrun", marks=pytest.mark.slow),
        pytest.param("python", marks=pytest.mark.slow),
    ],
)
def test_two_nodes_meet_whatever_the_launcher(jobs, launcher):
    directory = jobs.run(ALLREDUCE, distribution=ranks(1, launcher), instance_count=2)
    state = directory.read_state()
    assert state.status == "Completed", state
    assert state.launcher == launcher
    assert logs(directory, 2) == ["sum 3.0\n"] * 2


@pytest.mark.slow
def test_scripts_see_the_same_variables_under_torchrun_the_nursery_and_python(jobs):
    def seen(launcher):
        directory = jobs.run(REPORT, distribution=ranks(2, launcher), instance_count=2)
        prefix = str(directory.path)
        return [
            {k: v.replace(prefix, "JOB") for k, v in report.items() if v is not None}
            for report in reports(directory, 4)
        ]

    expected = seen("torchrun")
    assert [r["RANK"] for r in expected] == ["0", "1", "2", "3"]
    assert seen("nursery") == expected
    assert seen("python") == expected


@pytest.mark.slow
def test_mpirun_starts_both_nodes_with_their_own_variables(jobs):
    pytest.importorskip("mpi4py")
    directory = jobs.run(MPI, distribution=ranks(2, strategy="mpi"), instance_count=2)
    assert directory.read_state().status == "Completed", directory.read_state()
    assert logs(directory, 4) == ["10 algo-1 False\n"] * 2 + ["10 algo-2 False\n"] * 2


@pytest.mark.slow
def test_a_torchrun_rank_killed_by_a_signal_is_named(jobs):
    directory = jobs.run(
        """
        import os, signal, time
        if os.environ["RANK"] == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        """,
        distribution=ranks(2, "torchrun"),
    )
    state = directory.read_state()
    assert (state.status, state.failed_rank, state.exit_code) == ("Failed", 1, -9)


def test_a_shell_script_is_an_entry_point_and_gets_its_arguments_untouched(jobs):
    directory = jobs.run(
        """\
        #!/bin/sh
        printf '%s|' "$@"
        exit 3
        """,
        entry_point="train.sh",
        hyperparameters={"text": "a b; echo $HOME 'x'"},
    )
    state = directory.read_state()
    assert directory.log(0).read_text() == "--text|a b; echo $HOME 'x'|"
    assert (state.status, state.exit_code) == ("Failed", 3)


def test_python_in_a_shell_script_is_the_jobs(jobs):
    directory = jobs.run(
        """\
        #!/bin/sh
        python -c 'import sys; print(sys.executable)'
        """,
        entry_point="train.sh",
        environment={"PATH": "/usr/bin:/bin"},
    )
    assert directory.log(0).read_text().strip() == sys.executable
