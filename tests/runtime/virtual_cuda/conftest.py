"""Ranks with virtual CUDA: two devices, whatever the machine has, unless it has real ones."""

import pytest
from runtime.conftest import job, warm_server

__all__ = ["job", "virtual", "warm_server"]

VIRTUAL = {"SDT_VIRTUAL_CUDA": "1", "SM_NUM_GPUS": "2"}
HEAD = """
import torch
from torch import nn

def refused(function, kind, words):
    try:
        function()
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"not refused: {words}")
"""


@pytest.fixture
def virtual(job):
    """Run the body of a script; every rank must come through."""

    def run(body, ranks=1, **options):
        environment = {**VIRTUAL, **options.pop("environment", {})}
        job.run(HEAD + body, ranks=ranks, environment=environment, **options)
        assert job.codes == [0] * ranks, job.log() + job.log(ranks - 1)
        return job

    run.job = job
    return run
