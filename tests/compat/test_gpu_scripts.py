"""Scripts in the galleries' style that demand a GPU, as jobs on a machine without one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import Jobs, ranks

from jupyter_sdt.launch import local

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a real GPU is never touched")

DDP = """
import argparse, os, time
import torch, torch.distributed as dist, torch.nn as nn
from torch.cuda.amp import GradScaler
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

assert torch.cuda.is_available(), "this script needs GPUs"
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=2)
args = parser.parse_args()
local_rank = int(os.environ["LOCAL_RANK"])
torch.cuda.set_device(local_rank)
device = torch.device("cuda", local_rank)
dist.init_process_group(backend="nccl", init_method="env://", device_id=device)
assert torch.cuda.device_count() == int(os.environ["SM_NUM_GPUS"]) == dist.get_world_size()
torch.backends.cudnn.benchmark = True
torch.cuda.manual_seed_all(0)
x = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
data = TensorDataset(x, x.sum(1, keepdim=True))
sampler = DistributedSampler(data)
loader = DataLoader(data, batch_size=8, sampler=sampler, pin_memory=True)
model = DistributedDataParallel(
    nn.Linear(8, 1).to(device), device_ids=[local_rank], output_device=local_rank)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = GradScaler()
start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
start.record()
for epoch in range(args.epochs):
    sampler.set_epoch(epoch)
    for features, target in loader:
        features, target = features.cuda(local_rank, non_blocking=True), target.to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda"):
            loss = nn.functional.mse_loss(model(features), target)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
end.record()
torch.cuda.synchronize()
mean = loss.detach().clone()
dist.all_reduce(mean, op=dist.ReduceOp.SUM)
dist.barrier(device_ids=[local_rank])
weights = [torch.zeros_like(model.module.weight) for _ in range(dist.get_world_size())]
dist.all_gather(weights, model.module.weight.detach())
assert torch.equal(weights[0], weights[1])
if dist.get_rank() == 0:
    path = os.path.join(os.environ["SM_MODEL_DIR"], "model.pt")
    torch.save(model.module.state_dict(), path)
    torch.load(path, map_location=f"cuda:{local_rank}")
    print("loss", round(mean.item() / 2, 3), "ms", start.elapsed_time(end) > 0,
          "peak", torch.cuda.max_memory_allocated() >= 0)
dist.destroy_process_group()
"""

HOROVOD = """
import torch, torch.nn as nn
import horovod.torch as hvd

hvd.init()
assert torch.cuda.is_available()
torch.cuda.set_device(hvd.local_rank())
torch.cuda.manual_seed(42)
model = nn.Linear(4, 1)
model.cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05 * hvd.size())
hvd.broadcast_parameters(model.state_dict(), root_rank=0)
optimizer = hvd.DistributedOptimizer(optimizer, named_parameters=model.named_parameters())
x = torch.randn(32, 4).cuda()
for _ in range(20):
    optimizer.zero_grad()
    loss = (model(x) - x.sum(1, keepdim=True)).pow(2).mean()
    loss.backward()
    optimizer.step()
mean = hvd.allreduce(loss.detach(), name="loss")
print("fell", mean.item() < 1, torch.cuda.current_device(), next(model.parameters()).is_cuda)
"""

SMDDP = """
import os
import torch, torch.distributed as dist, torch.nn as nn
import smdistributed.dataparallel.torch.torch_smddp
from torch.nn.parallel import DistributedDataParallel as DDP

if not torch.cuda.is_available():
    raise Exception("Must run smddp on CUDA-capable devices.")
dist.init_process_group(backend="smddp")
local_rank = int(os.environ["SMDATAPARALLEL_LOCAL_RANK"])
torch.cuda.set_device(local_rank)
assert f"{torch.cuda.current_device()}" == os.environ["LOCAL_RANK"]
device = torch.device("cuda")
model = DDP(nn.Linear(4, 1).to(device), device_ids=[local_rank])
x = torch.ones(2, 4, device=device) * (dist.get_rank() + 1)
model(x).sum().backward()
print("gradient", model.module.weight.grad.mean().item(), os.environ["SM_FRAMEWORK_PARAMS"])
"""

APEX = """
import torch, torch.nn as nn, torch.distributed as dist, amp_C, apex_C, os
from torch._six import container_abcs, inf, string_classes
from apex import amp
from apex.amp import _amp_state
from apex.multi_tensor_apply import multi_tensor_applier
from apex.normalization import FusedLayerNorm
from apex.optimizers import FusedAdam, FusedLAMB
from apex.parallel import DistributedDataParallel
from apex.parallel.distributed import flat_dist_call
import numpy as np

torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
dist.init_process_group("nccl")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 16), FusedLayerNorm(16), nn.Linear(16, 1)).cuda()
optimizer = FusedAdam(model.parameters(), lr=0.02)
model, optimizer = amp.initialize(model, optimizer, opt_level="O2", loss_scale="dynamic")
model = DistributedDataParallel(model)
x = torch.randn(64, 8).cuda() * (1 + dist.get_rank())
first = None
for _ in range(30):
    optimizer.zero_grad()
    loss = (model(x) - x.sum(1, keepdim=True)).pow(2).mean()
    with amp.scale_loss(loss, optimizer) as scaled_loss:
        scaled_loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(amp.master_params(optimizer), 100.0)
    optimizer.step()
    first = first or loss.item()
print("fell", loss.item() < 0.7 * first, next(model.parameters()).dtype, norm.item() < inf)
assert _amp_state.loss_scalers[0].loss_scale() >= 1.0
values = [torch.full((2,), 1.0 + dist.get_rank()), torch.ones(3)]
flat_dist_call(values, dist.all_reduce)
print(values[0].tolist(), np.float(1.5))
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs")


def completed(jobs: Jobs, source: str, **fields) -> str:
    directory = jobs.run(source, **fields)
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    assert any("torch.cuda answers on the CPU" in note for note in directory.read_state().notes)
    assert "jupyter_sdt: no GPU here: torch.cuda answers on the CPU as 2 virtual" in log
    return log


def test_a_ddp_script_with_nccl_trains_on_local_gpu(jobs: Jobs):
    where = {"instance_type": "local_gpu", "distribution": ranks(2)}
    log = completed(jobs, DDP, hyperparameters={"epochs": 3}, **where)
    assert "ms True peak True" in log
    assert float(log.split("loss ")[1].split()[0]) < 1


def test_a_horovod_script_sets_its_device(jobs: Jobs):
    where = {"instance_type": "local_gpu", "distribution": ranks(2)}
    assert "fell True 0 True" in completed(jobs, HOROVOD, **where)


def test_an_smddp_script_that_demands_cuda_runs_on_local(jobs: Jobs):
    log = completed(jobs, SMDDP, distribution=ranks(2, strategy="smdataparallel"))
    assert "gradient 3.0" in log
    assert '"sagemaker_distributed_dataparallel_enabled":true' in log


def test_a_script_of_apex_trains(jobs: Jobs):
    where = {"instance_type": "local_gpu", "distribution": ranks(2)}
    log = completed(jobs, APEX, **where)
    assert "fell True torch.float16 True" in log
    assert "[1.5, 1.5] 1.5" in log


def test_a_job_can_decline_virtual_devices(jobs: Jobs):
    spec = {"distribution": ranks(1, strategy="smdataparallel")}
    directory = jobs.write("import torch; print(torch.cuda.is_available())", **spec)
    plain = directory.read_spec()
    directory.write_spec(replace(plain, environment={"SDT_VIRTUAL_CUDA": "0"}))
    local.start(directory, dict(os.environ))
    jobs.wait(directory)
    assert directory.log(0).read_text() == "False\n"
    assert directory.read_state().notes == ()
