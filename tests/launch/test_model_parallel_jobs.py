"""smdistributed.modelparallel beside mpi: what its scripts see, whoever starts the ranks."""

from __future__ import annotations

import json
import os

import pytest
from support import Jobs

from jupyter_sdt.errors import DistributionError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.launchers.rendezvous import Rendezvous
from jupyter_sdt.spec.distribution import Distribution

PARAMETERS = {"partitions": 2, "microbatches": 4, "ddp": True, "placement_strategy": "spread"}
REPORT = """
import json, os, sys
names = ["RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK"]
names += [f"OMPI_COMM_WORLD_{n}" for n in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE")]
names += ["MASTER_ADDR", "MASTER_PORT", "SM_HP_MP_PARAMETERS", "SM_FRAMEWORK_PARAMS", "SM_NUM_GPUS"]
print(json.dumps({"argv": sys.argv[1:], **{n: os.environ.get(n) for n in names}}))
"""


def model_parallel(processes=2, **fields) -> Distribution:
    return Distribution(
        strategy="modelparallel",
        combined_with="mpi",
        processes_per_node=processes,
        parameters=PARAMETERS,
        **fields,
    )


@pytest.fixture
def jobs(tmp_path) -> Jobs:
    return Jobs(tmp_path / "jobs")


@pytest.mark.parametrize(
    "launcher",
    [
        "nursery",
        pytest.param("python", marks=pytest.mark.slow),
        pytest.param("mpirun", marks=pytest.mark.slow),
    ],
)
def test_scripts_see_what_mpirun_would_set_and_the_parameters(jobs, launcher):
    directory = jobs.run(REPORT, distribution=model_parallel(launcher=launcher), instance_count=2)
    assert directory.read_state().status == "Completed", directory.read_state()
    logs = [directory.log(rank).read_text().splitlines() for rank in range(4)]
    seen = [json.loads(lines[-1]) for lines in logs]
    for rank, report in enumerate(seen):
        assert {report[n] for n in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "GROUP_RANK")} == {None}
        place = [report[f"OMPI_COMM_WORLD_{n}"] for n in ("RANK", "SIZE")]
        assert place == [str(rank), "4"]
        assert report["MASTER_ADDR"] == "127.0.0.1"
        assert report["MASTER_PORT"] != "0"
        assert json.loads(report["SM_HP_MP_PARAMETERS"]) == PARAMETERS
        assert report["SM_NUM_GPUS"] == "2"
        words = "ddp=True,microbatches=4,partitions=2,placement_strategy=spread"
        assert report["argv"] == ["--mp_parameters", words]
        framework = json.loads(report["SM_FRAMEWORK_PARAMS"])
        assert framework["sagemaker_mpi_enabled"] is True
        assert framework["sagemaker_distributed_dataparallel_enabled"] is False
    if launcher != "mpirun":  # which takes both nodes of this machine for one
        assert [r["OMPI_COMM_WORLD_LOCAL_RANK"] for r in seen] == ["0", "1", "0", "1"]
        assert {r["OMPI_COMM_WORLD_LOCAL_SIZE"] for r in seen} == {"2"}


def test_without_a_nursery_the_ranks_are_started_one_by_one(jobs):
    directory = jobs.write("", distribution=model_parallel())
    plan = local.plan(directory.read_spec(), directory, meeting=Rendezvous(port=1), warm=False)
    assert plan.launcher == "python"
    assert len(plan.processes) == 2
    assert plan.notes[0] == "the nursery is not available: started by python instead"


@pytest.mark.skipif(os.path.exists("/dev/nvidia0"), reason="has a GPU")  # noqa: PTH110
def test_the_plan_says_that_the_devices_are_virtual(jobs):
    directory = jobs.write("", distribution=model_parallel())
    plan = local.plan(directory.read_spec(), directory)
    assert "no GPU here: torch.cuda answers on the CPU, 2 device(s) a node" in plan.notes
    assert plan.processes[0].environment["SDT_VIRTUAL_CUDA"] == "1"


def test_torchrun_is_refused_as_its_launcher():
    smp = {"smdistributed": {"modelparallel": {"enabled": True}}, "mpi": {"enabled": True}}
    with pytest.raises(DistributionError, match="'torchrun' gives RANK and WORLD_SIZE"):
        Distribution.from_arguments(smp, launcher="torchrun")


@pytest.mark.slow
def test_the_ranks_of_the_library_meet(jobs):
    source = """
    import torch
    import smdistributed.modelparallel.torch as smp
    smp.init()
    torch.cuda.set_device(smp.local_rank())
    print(smp.rank(), smp.size(), smp.pp_rank(), smp.dp_rank(), torch.cuda.current_device())
    """
    directory = jobs.run(source, distribution=model_parallel(4))
    assert directory.read_state().status == "Completed", directory.log(0).read_text()
    lines = [directory.log(rank).read_text().splitlines()[-1] for rank in range(4)]
    assert lines == ["0 4 0 0 0", "1 4 0 1 1", "2 4 1 0 2", "3 4 1 1 3"]
