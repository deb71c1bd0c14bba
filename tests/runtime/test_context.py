import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_sdt.runtime
from jupyter_sdt.errors import RuntimeStateError, SpecError

SHOW = """
    from jupyter_sdt.runtime import init, shutdown
    c = init()
    print(c.rank, c.local_rank, c.world_size, c.local_world_size, c.node_rank, c.device.type,
          c.process_backend, c.layout)
    shutdown()
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_init_tells_the_place_of_every_rank(job, ranks):
    job.run(SHOW, ranks=ranks)
    assert job.codes == [0] * ranks, job.log()
    assert [job.log(r) for r in range(ranks)] == [
        f"{r} {r} {ranks} {ranks} 0 cpu gloo None\n" for r in range(ranks)
    ]


def test_a_second_init_and_a_bad_backend_are_refused(job):
    job.run(
        """
        from jupyter_sdt.runtime import init, shutdown
        for bad in ("mpi", "nccl"):
            try:
                init(bad)
            except Exception as error:
                print(type(error).__name__, error)
        init()
        init()
        """
    )
    assert job.codes == [1]
    assert "SpecError process_backend='mpi' must be 'nccl', 'gloo' or 'smddp'" in job.log()
    assert "SpecError process_backend='nccl' needs a GPU for each of the 1 ranks" in job.log()
    assert job.error()["type"] == "RuntimeStateError"
    assert "called twice" in job.error()["message"]


def test_ranks_that_ask_for_smddp_share_memory(job):
    job.run(
        """
        import torch, torch.distributed as dist
        from jupyter_sdt.runtime import init, shutdown
        context = init("smddp")
        total = torch.ones(3)
        dist.all_reduce(total)
        print(context.process_backend, context.device, dist.get_backend(), total.tolist())
        shutdown()
        """,
        ranks=2,
    )
    assert job.codes == [0, 0], job.log()
    assert job.log(1) == "smddp cpu smddp [2.0, 2.0, 2.0]\n"


def test_a_group_the_script_made_itself_is_taken_over_and_can_be_joined_again(job):
    job.run(
        """
        import torch.distributed as dist
        from jupyter_sdt.runtime import init, shutdown
        dist.init_process_group("gloo")
        print(init().world_size)
        shutdown()
        assert not dist.is_initialized()
        shutdown()
        """,
        ranks=2,
    )
    assert job.codes == [0, 0], job.log()
    assert job.log(1) == "2\n"


def test_ranks_that_cannot_meet_are_told_which_variable_is_missing(job):
    job.run(
        """
        import os
        del os.environ["MASTER_PORT"]
        from jupyter_sdt.runtime import init
        init()
        """,
        ranks=2,
    )
    assert job.codes == [1, 1]
    assert "MASTER_PORT not set" in job.error(1)["message"]


def test_a_model_before_init_is_refused():
    with pytest.raises(RuntimeStateError, match=r"call jupyter_sdt\.runtime\.init"):
        jupyter_sdt.runtime.DistributedModel(None)


def test_the_public_names_are_these():
    assert sorted(jupyter_sdt.runtime.__all__) == jupyter_sdt.runtime.__all__
    for name in jupyter_sdt.runtime.__all__:
        assert getattr(jupyter_sdt.runtime, name).__name__ == name
        assert name in dir(jupyter_sdt.runtime)
    with pytest.raises(AttributeError, match="no attribute 'Trainer'"):
        _ = jupyter_sdt.runtime.Trainer


def test_a_channel_is_found_and_an_unknown_one_named_with_those_there_are(monkeypatch):
    monkeypatch.setenv("SM_CHANNEL_TRAINING", "/data/training")
    assert jupyter_sdt.runtime.channel("training") == Path("/data/training")
    with pytest.raises(SpecError, match="this job has training; did you mean 'training'"):
        jupyter_sdt.runtime.channel("trainig")
    monkeypatch.delenv("SM_CHANNEL_TRAINING")
    with pytest.raises(SpecError, match="this job has no channels"):
        jupyter_sdt.runtime.channel("training")


@pytest.mark.slow
def test_init_works_under_open_mpi(job):
    mpirun = shutil.which("mpirun", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if mpirun is None:
        pytest.skip("no mpirun")
    job.write("entry_point.py", SHOW)
    environment = {k: v for k, v in job.environment(0, 1, 0).items() if "RANK" not in k}
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        del environment[name]
    options = ("--allow-run-as-root", "--oversubscribe", "-np", "2")
    done = subprocess.run(
        [mpirun, *options, sys.executable, "-m", "jupyter_sdt.runtime.run", "entry_point.py"],
        cwd=job.path / "source",
        env=environment,
        check=False,
        timeout=150,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert [job.log(r) for r in range(2)] == [f"{r} {r} 2 2 0 cpu gloo None\n" for r in range(2)]
