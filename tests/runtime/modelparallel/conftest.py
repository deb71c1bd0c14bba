"""Scripts for forked ranks that have joined a model-parallel job."""

import json

import pytest

PRELUDE = """
import os, torch, torch.distributed as dist
from jupyter_sdt.runtime.modelparallel import parameters, world
here = world.start(parameters.read())
rank = here.rank

def refused(function, kind, *words):
    try:
        function()
    except kind as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"not refused: {words}")
"""
TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK")


@pytest.fixture
def mp_ranks(job):
    """Run a body on so many ranks that have joined with ``parameters``; all must come through."""

    def run(body, ranks, parameters=None, *, prelude=PRELUDE, **options):
        environment = {"SM_HP_MP_PARAMETERS": json.dumps(parameters or {})}
        environment |= options.pop("environment", {})
        options = {"timeout": 150} | options
        job.run(prelude + body, ranks=ranks, environment=environment, **options)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run
