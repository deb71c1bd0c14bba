"""Plans are data: what would be started is compared whole, nothing is started."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support import ranks

from jupyter_sdt.errors import DistributionError, LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.mpirun import find_mpirun
from jupyter_sdt.launch.launchers.plan import LaunchPlan
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.store.job_directory import JobDirectory

MEETING = Rendezvous("127.0.0.1", 29400)
RUN = [sys.executable, "-m", "jupyter_sdt.runtime.run", "entry_point.py"]


@pytest.fixture
def directory(tmp_path: Path) -> JobDirectory:
    return JobDirectory(tmp_path / "never-made")


def make(jobs, directory, *, warm=True, **fields) -> LaunchPlan:
    return local.plan(jobs.spec(**fields), directory, meeting=MEETING, warm=warm)


def test_a_plan_touches_nothing(jobs, directory):
    make(jobs, directory, distribution=ranks(2))
    assert not directory.path.exists()


def test_the_nursery_plans_one_process_per_rank_with_torchruns_variables(jobs, directory):
    plan = make(jobs, directory, distribution=ranks(2), instance_count=2)
    assert plan.launcher == "nursery"
    assert [list(p.argv) for p in plan.processes] == [RUN] * 4
    seen = [
        [p.environment[n] for n in ("RANK", "LOCAL_RANK", "GROUP_RANK", "WORLD_SIZE", "SDT_NODE")]
        for p in plan.processes
    ]
    assert seen == [
        ["0", "0", "0", "4", "algo-1"],
        ["1", "1", "0", "4", "algo-1"],
        ["2", "0", "1", "4", "algo-2"],
        ["3", "1", "1", "4", "algo-2"],
    ]
    assert {p.environment["MASTER_PORT"] for p in plan.processes} == {"29400"}
    assert [p.log for p in plan.processes] == [f"logs/rank-{r}.log" for r in range(4)]


@pytest.mark.parametrize("strategy", ["smdataparallel", "pytorchddp"])
def test_the_data_parallel_libraries_find_torchruns_and_open_mpis_variables(
    jobs, directory, strategy
):
    plan = make(jobs, directory, distribution=ranks(2, strategy=strategy), instance_count=2)
    third = plan.processes[2].environment
    told = {name: third[name] for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")}
    assert told == {"RANK": "2", "LOCAL_RANK": "0", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}
    assert third["SMDATAPARALLEL_LOCAL_RANK"] == third["OMPI_COMM_WORLD_LOCAL_RANK"] == "0"
    assert (third["OMPI_COMM_WORLD_RANK"], third["OMPI_COMM_WORLD_SIZE"]) == ("2", "4")


def test_each_node_has_its_own_current_host(jobs, directory):
    plan = make(jobs, directory, distribution=ranks(1), instance_count=2)
    assert [p.environment["SM_CURRENT_HOST"] for p in plan.processes] == ["algo-1", "algo-2"]


def test_without_a_distribution_each_node_runs_one_process_without_a_rank(jobs, directory):
    plan = make(jobs, directory, instance_count=2)
    assert [p.environment["SDT_RANK"] for p in plan.processes] == ["0", "1"]
    assert all("RANK" not in p.environment for p in plan.processes)
    assert all(p.environment["MASTER_ADDR"] == "127.0.0.1" for p in plan.processes)


def test_torchrun_is_started_once_per_node_as_sagemaker_does(jobs, directory):
    plan = make(jobs, directory, distribution=ranks(2, "torchrun"), instance_count=2)
    assert [list(p.argv) for p in plan.processes] == [
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--nnodes=2",
            "--nproc-per-node=2",
            f"--node-rank={node_rank}",
            "--master-addr=127.0.0.1",
            "--master-port=29400",
            "--max-restarts=0",
            *RUN[1:],
        ]
        for node_rank in (0, 1)
    ]


def chosen(given):
    return Distribution.from_arguments(given, processes_per_node=2)


def test_mpirun_gets_one_context_per_node(jobs, directory):
    plan = make(jobs, directory, distribution=ranks(2, strategy="mpi"), instance_count=2)
    (process,) = plan.processes
    words = list(process.argv)
    contexts = " ".join(words[words.index("-np") :]).split(" : ")
    assert [c.split()[:2] for c in contexts] == [["-np", "2"], ["-np", "2"]]
    assert [f"nodes/algo-{n}/environment.json" in contexts[n - 1] for n in (1, 2)] == [True, True]
    assert "RANK" not in process.environment


def test_mpi_options_are_mpiruns_or_variables_of_the_ranks(jobs, directory):
    given = {"custom_mpi_options": "-verbose --NCCL_DEBUG WARN -x A=b=c -x HOME", "enabled": True}
    (process,) = make(jobs, directory, distribution=chosen({"mpi": given})).processes
    words = list(process.argv)
    begin = words.index("-verbose")
    assert words[begin + 1 : begin + 7] == ["-x", "NCCL_DEBUG=WARN", "-x", "A=b=c", "-x", "HOME"]
    given["custom_mpi_options"] = "--NCCL_DEBUG=INFO -x A=b=c"
    library = chosen({"smdistributed": {"dataparallel": given}})
    for process in make(jobs, directory, distribution=library).processes:
        assert (process.environment["NCCL_DEBUG"], process.environment["A"]) == ("INFO", "b=c")


def test_without_a_nursery_the_plan_falls_back_to_torchrun_and_says_so(jobs, directory):
    plan = make(jobs, directory, distribution=ranks(2), warm=False)
    assert plan.launcher == "torchrun"
    assert any("nursery is not available" in note for note in plan.notes)


def test_a_launcher_that_cannot_serve_mpi_is_refused(jobs, directory):
    with pytest.raises(DistributionError, match="launcher='torchrun' cannot start an mpi job"):
        make(jobs, directory, distribution=ranks(2, "torchrun", strategy="mpi"))


def test_a_missing_mpirun_is_said_with_its_cure(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match=r"mpirun was not found.*jupyter-sdt\[mpi\]"):
        find_mpirun(str(tmp_path / "python"))


def test_a_plan_goes_through_json_and_prints_its_command_lines(jobs, directory):
    plan = make(jobs, directory, distribution=ranks(2), hyperparameters={"lr": "a b; $HOME"})
    assert LaunchPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert "--lr 'a b; $HOME'" in str(plan)


def test_a_job_of_one_rank_keeps_all_its_threads(jobs, directory, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    one, two = (make(jobs, directory, distribution=ranks(n)) for n in (1, 2))
    assert "OMP_NUM_THREADS" not in one.processes[0].environment
    assert two.processes[0].environment["OMP_NUM_THREADS"] == "1"


def test_a_printed_plan_says_once_what_all_ranks_have_in_common(jobs, directory):
    page = str(make(jobs, directory, distribution=ranks(2)))
    assert page.count("SM_HOSTS=") == 1
    assert page.count(" RANK=") == 2
