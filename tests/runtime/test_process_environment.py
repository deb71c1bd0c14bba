from pathlib import Path

import pytest

from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.process_environment import process_environment
from jupyter_sdt.runtime.rank_files import RankFiles, rank_files
from jupyter_sdt.store.job_directory import JobDirectory

TORCHRUN = {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}
OPEN_MPI = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
}

# Two nodes on one machine, which mpirun takes for one.
ONE_MACHINE = {
    "OMPI_COMM_WORLD_LOCAL_RANK": "3",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "4",
    "SDT_NODE_RANK": "1",
    "SDT_NODE": "algo-2",
    "SM_HOSTS": '["algo-1", "algo-2"]',
}


def place(environ):
    p = process_environment(environ)
    return p.rank, p.local_rank, p.world_size, p.local_world_size, p.node_rank, p.node, p.launcher


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, (0, 0, 1, 1, 0, "algo-1", "python")),
        (TORCHRUN | {"GROUP_RANK": "1"}, (5, 1, 8, 4, 1, "algo-1", "torchrun")),
        (TORCHRUN | OPEN_MPI, (5, 1, 8, 4, 0, "algo-1", "torchrun")),
        (OPEN_MPI, (3, 1, 4, 2, 1, "algo-1", "mpirun")),
        (OPEN_MPI | {"SDT_NODE_RANK": "0", "SDT_NODE": "n"}, (3, 1, 4, 2, 0, "n", "mpirun")),
        (OPEN_MPI | ONE_MACHINE, (3, 1, 4, 2, 1, "algo-2", "mpirun")),
        ({"SDT_RANK": "1", "SDT_NODE": "algo-2"}, (1, 0, 2, 1, 0, "algo-2", "python")),
        (
            {"SM_HOSTS": '["algo-1","algo-2","algo-3"]', "SM_CURRENT_HOST": "algo-2"},
            (1, 0, 3, 1, 1, "algo-2", "python"),
        ),
        ({"SM_HOSTS": "?"}, (0, 0, 1, 1, 0, "algo-1", "python")),
    ],
)
def test_the_place_is_read_from_each_launcher_s_variables(environ, expected):
    assert place(environ) == expected


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"RANK": "two"}, "RANK='two' must be a whole number"),
        ({"RANK": "4", "WORLD_SIZE": "4"}, "rank 4 does not fit world_size 4"),
        ({"RANK": "-1"}, "rank -1 does not fit"),
        ({"OMPI_COMM_WORLD_RANK": ""}, "OMPI_COMM_WORLD_RANK='' must be"),
    ],
)
def test_variables_that_contradict_each_other_are_refused(environ, words):
    with pytest.raises(RuntimeStateError, match=words):
        process_environment(environ)


def test_a_rank_s_files_are_those_of_the_job_directory():
    directory, files = JobDirectory(Path("/jobs/a")), RankFiles(Path("/jobs/a"), 3)
    assert files.log == directory.log(3)
    assert files.error == directory.error(3)
    assert files.metrics == directory.metric(3)
    assert files.process == directory.process(3)
    assert files.stacks == directory.stacks / "rank-3.txt"
    assert files.variable_in("x") == directory.variables_in / "x.pickle"
    assert files.variable_out("x") == directory.variables_out / "x.pickle"


def test_outside_a_job_there_are_no_files():
    assert rank_files({}) is None
    assert rank_files({"SDT_JOB_DIRECTORY": "/jobs/a", **OPEN_MPI}) == RankFiles(Path("/jobs/a"), 3)
