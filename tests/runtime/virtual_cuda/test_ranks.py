"""Several ranks with virtual devices: nccl's names, wrappers that take devices, shared norms."""

import pytest
import torch

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a real GPU is never touched")

JOIN = """
import os
import torch.distributed as dist
rank = int(os.environ["LOCAL_RANK"])
torch.cuda.set_device(rank)
device = torch.device("cuda", rank)
"""
LEAVE = "\ndist.barrier()\ndist.destroy_process_group()\n"


@pytest.mark.parametrize(
    "backend", ['"nccl", device_id=device', '"cpu:gloo,cuda:nccl"', 'backend="cuda:nccl,cpu:gloo"']
)
def test_nccl_becomes_gloo(virtual, backend):
    virtual(
        JOIN
        + f"dist.init_process_group({backend})"
        + """
assert dist.is_nccl_available() and dist.get_backend() == "gloo"
x = torch.full((2,), 1.0 + rank, device=device)
dist.all_reduce(x)
assert x.tolist() == [3, 3]
dist.all_reduce(x, op=dist.ReduceOp.AVG)
assert x.tolist() == [3, 3]
group = dist.new_group([0, 1], backend="nccl")
dist.barrier(group=group, device_ids=[rank])
found = [None, None]
dist.all_gather_object(found, rank)
told = [rank]
dist.broadcast_object_list(told, src=1, device=device)
assert found == [0, 1] and told == [1]
mesh = dist.init_device_mesh("cuda", (2,))
assert mesh.device_type == "cpu" and mesh.size() == 2
"""
        + LEAVE,
        ranks=2,
    )


def test_models_are_wrapped_whatever_devices_they_are_told(virtual):
    virtual(
        JOIN
        + """
dist.init_process_group("nccl")
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel

def network():
    torch.manual_seed(0)
    return nn.Linear(4, 4)

x = torch.ones(2, 4, device=device) * (rank + 1)
plain = network().cuda()
plain(torch.ones(1, 4) * 1.5).sum().backward()
replica = DistributedDataParallel(network().to(device), device_ids=[rank], output_device=rank)
replica(x).sum().backward()
assert torch.allclose(replica.module.weight.grad, 2 * plain.weight.grad)
sharded = fully_shard(network().cuda(), mesh=dist.init_device_mesh("cuda", (2,)))
sharded(x).sum().backward()
assert torch.allclose(sharded.weight.grad.full_tensor(), 2 * plain.weight.grad)
older = FullyShardedDataParallel(
    network(), device_id=torch.cuda.current_device(), sync_module_states=True)
older(x).sum().backward()
"""
        + LEAVE,
        ranks=2,
        environment={"PYTHONWARNINGS": "ignore"},
    )


def test_synchronized_norms_see_the_batches_of_all_ranks(virtual):
    virtual(
        JOIN
        + """
dist.init_process_group("nccl")
torch.manual_seed(0)
whole = torch.randn(6, 3, 4, dtype=torch.float64)
plain, ours = nn.BatchNorm1d(3).double(), nn.BatchNorm1d(3).double()
ours = nn.SyncBatchNorm.convert_sync_batchnorm(ours).cuda()
mine = whole[:2].clone() if rank == 0 else whole[2:].clone()
whole.requires_grad_(), mine.requires_grad_()
expected = plain(whole)
result = ours(mine)
part = slice(0, 2) if rank == 0 else slice(2, 6)
assert torch.allclose(result, expected[part])
assert torch.allclose(ours.running_var, plain.running_var)
expected.pow(3).sum().backward()
result.pow(3).sum().backward()
assert torch.allclose(mine.grad, whole.grad[part])
ours.eval(), plain.eval()
assert torch.allclose(ours(mine), plain(whole)[part])
nn.parallel.DistributedDataParallel(ours.train(), device_ids=[rank])(mine).sum().backward()
"""
        + LEAVE,
        ranks=2,
    )
