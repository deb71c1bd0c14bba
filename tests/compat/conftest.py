"""Ranks of tiny jobs, as in tests/runtime."""

import pytest
from runtime.conftest import job, warm_server

__all__ = ["horovod", "job", "warm_server"]

HOROVOD = """
    import torch
    import horovod.torch as hvd
    hvd.init()
    rank, size = hvd.rank(), hvd.size()
    everyone = range(size)

    def refused(function, kind, words):
        try:
            function()
        except kind as error:
            assert words in str(error), error
        else:
            raise AssertionError(f"not refused: {words}")
"""


@pytest.fixture
def horovod(job):
    """Run the body of a script after ``hvd.init()``; every rank must come through."""

    def run(body, ranks=2, **options):
        job.run(HOROVOD + body, ranks=ranks, **options)
        assert job.codes == [0] * ranks, job.log() + job.log(ranks - 1)
        return job

    run.job = job
    return run
