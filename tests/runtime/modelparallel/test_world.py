"""Six ranks and six groups, against the tables of SageMaker's documentation."""

import json

import pytest
from runtime.modelparallel.conftest import PRELUDE, TORCHRUN

from jupyter_sdt.runtime.modelparallel.world import group_ranks
from jupyter_sdt.spec.layout import Layout


def layout(stages, tensor, placement, ranks=8):
    return Layout.for_world_size(
        ranks,
        pipeline_parallel_size=stages,
        tensor_parallel_size=tensor,
        placement=placement,
    )


def all_groups(name, *given):
    grid = layout(*given)
    return sorted({group_ranks(grid, rank)[name] for rank in range(grid.world_size)})


@pytest.mark.parametrize(
    ("name", "stages", "tensor", "placement", "groups"),
    [
        ("mp", 2, 1, "spread", [(0, 4), (1, 5), (2, 6), (3, 7)]),
        ("mp", 2, 1, "cluster", [(0, 1), (2, 3), (4, 5), (6, 7)]),
        ("dp", 2, 1, "cluster", [(0, 2, 4, 6), (1, 3, 5, 7)]),
        ("rdp", 2, 1, "cluster", [(0, 2, 4, 6), (1, 3, 5, 7)]),
        ("tp", 2, 2, "cluster", [(0, 1), (2, 3), (4, 5), (6, 7)]),
        ("pp", 2, 2, "cluster", [(0, 2), (1, 3), (4, 6), (5, 7)]),
        ("rdp", 2, 2, "cluster", [(0, 4), (1, 5), (2, 6), (3, 7)]),
        ("mp", 2, 2, "cluster", [(0, 1, 2, 3), (4, 5, 6, 7)]),
        ("dp", 2, 2, "cluster", [(0, 1, 4, 5), (2, 3, 6, 7)]),
        ("rdp", 2, 2, "PTD", [(0, 1), (2, 3), (4, 5), (6, 7)]),
        ("tp", 2, 2, "PTD", [(0, 2), (1, 3), (4, 6), (5, 7)]),
        ("pp", 2, 2, "PTD", [(0, 4), (1, 5), (2, 6), (3, 7)]),
        ("dp", 2, 2, "PTD", [(0, 1, 2, 3), (4, 5, 6, 7)]),
        ("tp", 1, 4, "cluster", [(0, 1, 2, 3), (4, 5, 6, 7)]),
        ("dp", 1, 4, "cluster", [(0, 1, 2, 3, 4, 5, 6, 7)]),
        ("world", 2, 2, "DTP", [(0, 1, 2, 3, 4, 5, 6, 7)]),
    ],
)
def test_groups_are_those_of_the_documentation(name, stages, tensor, placement, groups):
    assert all_groups(name, stages, tensor, placement) == groups


@pytest.mark.parametrize("placement", ["cluster", "spread", "DPT", "PTD", "TDP", "DTP"])
@pytest.mark.parametrize(("stages", "tensor"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 2)])
def test_sizes_multiply_to_the_world(stages, tensor, placement):
    groups = group_ranks(layout(stages, tensor, placement), 5)
    size = {name: len(ranks) for name, ranks in groups.items()}
    assert size["mp"] * size["rdp"] == size["pp"] * size["dp"] == size["world"] == 8
    assert size["pp"] * size["tp"] * size["rdp"] == 8
    assert size["dp"] == size["tp"] * size["rdp"]
    assert all(5 in ranks and list(ranks) == sorted(ranks) for ranks in groups.values())


CHECK = """
for name in world.GROUP_NAMES:
    group = here.group(name)
    assert dist.get_process_group_ranks(group.process_group) == list(group.ranks)
    assert group.ranks[group.rank] == rank and group.size == len(group.ranks)
    total = torch.tensor(rank)
    dist.all_reduce(total, group=group.process_group)
    assert total == sum(group.ranks), (name, total)
assert world.start() is here and world.current() is here
print(here.stage, here.group("tp").rank, here.group("rdp").rank, here.group("dp").rank)
"""


def test_every_group_communicates(mp_ranks):
    job = mp_ranks(CHECK, 4, {"partitions": 2, "tensor_parallel_degree": 2, "ddp": True})
    assert [job.log(rank).split() for rank in range(4)] == [
        [*"0000"], [*"0101"], [*"1000"], [*"1101"],
    ]  # fmt: skip


def test_open_mpi_variables_alone_are_enough_and_torchruns_stay_unset(mp_ranks):
    before = f"""
import os
place = os.environ["RANK"]
os.environ |= {{"OMPI_COMM_WORLD_RANK": place, "OMPI_COMM_WORLD_LOCAL_RANK": place}}
for name in {TORCHRUN}:
    del os.environ[name]
"""
    sizes = {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_SIZE": "2"}
    after = f"assert not set(os.environ) & set({TORCHRUN})\nassert 'MASTER_PORT' in os.environ\n"
    job = mp_ranks(CHECK + after, 2, {"partitions": 2}, prelude=before + PRELUDE, environment=sizes)
    assert [job.log(rank).split()[0] for rank in range(2)] == ["0", "1"]


def test_a_group_that_the_script_made_is_taken_over(mp_ranks):
    prelude = """
import torch, torch.distributed as dist
from jupyter_sdt.runtime.modelparallel import parameters, world
dist.init_process_group("gloo")
mine = dist.group.WORLD
here = world.start(parameters.read())
rank = here.rank
assert here.group("world").process_group is mine
"""
    mp_ranks(CHECK, 2, {"partitions": 2}, prelude=prelude)


def test_replicas_that_nobody_keeps_equal_are_told_or_refused(mp_ranks):
    prelude = """
from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel import world
try:
    world.start(Parameters(shard_optimizer_state=True))
except DistributionError as error:
    assert "shard_optimizer_state=True with 2 replicas needs 'ddp': True" in str(error)
else:
    raise AssertionError("it was accepted")
"""
    job = mp_ranks("", 2, {"partitions": 1}, prelude=prelude + PRELUDE)
    assert job.log().startswith("jupyter_sdt: 2 replicas of the model train apart: without 'ddp'")
    assert job.log(1) == ""


def test_out_of_order_and_wrong_sizes_are_said_before_ranks_meet(job):
    body = """
from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel import parameters, world
try:
    world.current()
except RuntimeStateError as error:
    print(error)
try:
    world.start(parameters.read())
except SpecError as error:
    print(error)
assert not world.is_started()
"""
    text = json.dumps({"partitions": 2})
    job.run(body, environment={"SM_HP_MP_PARAMETERS": text})
    assert job.codes == [0], job.log()
    assert "smp.init() was not called" in job.log()
    assert "not a multiple of partitions=2" in job.log()


def test_a_partition_that_is_missing_is_refused_where_it_is_read_before_ranks_meet(mp_ranks):
    prelude = """
import os
from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel import world
asked = dict(partitions=2, load_partition=True, partition_file="missing.json")
if os.environ["RANK"] == "0":
    try:
        world.start(Parameters.from_mapping(asked))
    except SpecError as error:
        assert "partition_file='missing.json' does not exist" in str(error), error
    else:
        raise AssertionError("it was accepted")
assert not world.is_started()
"""
    mp_ranks("assert here.stage == rank\n", 2, {"partitions": 2}, prelude=prelude + PRELUDE)
