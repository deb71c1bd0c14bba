"""A job of the data-parallel strategy communicates through smddp, whatever its script asks for."""

import pytest

from jupyter_sdt.runtime.preferred_backend import preferred

DATA_PARALLEL = {"distribution": {"strategy": "smdataparallel"}}

PLAIN = """
import torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
dist.init_process_group({backend})
net = DistributedDataParallel(torch.nn.Linear(2, 1, bias=False))
net(torch.full((1, 2), float(dist.get_rank()))).sum().backward()
assert net.module.weight.grad.tolist() == [[0.5, 0.5]]
print(dist.get_backend())
dist.barrier()
"""

OURS = """
from jupyter_sdt.runtime import init
print(init().process_backend)
"""


@pytest.mark.parametrize(
    ("script", "spec", "backend"),
    [
        (PLAIN.format(backend='"gloo"'), DATA_PARALLEL, "smddp"),
        (PLAIN.format(backend=""), DATA_PARALLEL, "smddp"),
        (PLAIN.format(backend='"gloo"'), None, "gloo"),
        (OURS, DATA_PARALLEL, "smddp"),
        (OURS, None, "gloo"),
    ],
)
def test_scripts_communicate_through_the_strategys_backend(job, script, spec, backend):
    job.run(script, ranks=2, spec=spec)
    assert job.codes == [0, 0], job.log()
    assert backend in job.log().split()


@pytest.mark.parametrize(
    ("asked", "on_cpu", "on_gpu"),
    [
        ("gloo", "smddp", "smddp"),
        ("nccl", "smddp", "nccl"),
        (None, "smddp", None),
        ("cpu:gloo,cuda:nccl", "smddp", "smddp"),
        ("mpi", "mpi", "mpi"),
    ],
)
def test_on_gpus_nccl_stays(asked, on_cpu, on_gpu):
    assert preferred(asked, has_cuda=False) == on_cpu
    assert preferred(asked, has_cuda=True) == on_gpu
