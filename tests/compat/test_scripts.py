"""Whole scripts in the shape of the galleries', as jobs: unchanged, on real data."""

import re
from pathlib import Path

import pytest
from support import Jobs, ranks

from jupyter_sdt.spec.distribution import Distribution

SMDDP = ranks(2, strategy="smdataparallel")
SCRIPTS = Path(__file__).parents[2] / "examples" / "scripts"

# The module API of the versions 1.0 to 1.3, in the form of SageMaker's own example.
MODULE_API = """
from __future__ import print_function
import argparse
import smdistributed.dataparallel.torch.distributed as dist
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits
from smdistributed.dataparallel.torch.parallel.distributed import DistributedDataParallel as DDP
from torch.optim.lr_scheduler import StepLR

dist.init_process_group()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 96)
        self.dropout = nn.Dropout(0.1)
        self.fc2 = nn.Linear(96, 10)

    def forward(self, x):
        return F.log_softmax(self.fc2(self.dropout(F.relu(self.fc1(x)))), dim=1)


def train(args, model, loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0 and args.rank == 0:
            print("Train Epoch: {} Loss: {:.6f}".format(epoch, loss.item()))


def test(model, data, target):
    model.eval()
    with torch.no_grad():
        correct = (model(data).argmax(1) == target).sum().item()
    print("test accuracy {:.4f}".format(correct / len(target)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--gamma", type=float, default=0.7)
    parser.add_argument("--log-interval", type=int, default=10)
    args = parser.parse_args()
    args.world_size = dist.get_world_size()
    args.rank = rank = dist.get_rank()
    args.local_rank = dist.get_local_rank()
    args.batch_size = max(args.batch_size // args.world_size, 1)
    torch.manual_seed(1)
    digits = load_digits()
    data, target = torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
    dataset = torch.utils.data.TensorDataset(data[:1437], target[:1437])
    sampler = torch.utils.data.distributed.DistributedSampler(
        dataset, num_replicas=args.world_size, rank=rank)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=args.batch_size, shuffle=False, num_workers=0, sampler=sampler)
    model = DDP(Net())
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    for epoch in range(1, args.epochs + 1):
        train(args, model, loader, optimizer, epoch)
        if rank == 0:
            test(model, data[1437:], target[1437:])
        scheduler.step()
    total = torch.tensor([sum(p.sum().item() for p in model.parameters())])
    lowest, highest = total.clone(), total.clone()
    dist.all_reduce(lowest, dist.ReduceOp.MIN)
    dist.all_reduce(highest, dist.ReduceOp.MAX)
    assert torch.equal(lowest, highest), "the ranks' models differ"


if __name__ == "__main__":
    main()
"""


# In the form of SageMaker's examples for pytorchddp: ranks from the variables, backend nccl.
PYTORCHDDP = """
import os
import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP

world_size, rank = int(os.environ["OMPI_COMM_WORLD_SIZE"]), int(os.environ["OMPI_COMM_WORLD_RANK"])
local_rank = int(os.environ["LOCAL_RANK"])
dist.init_process_group("nccl", rank=rank, world_size=world_size)
torch.cuda.set_device(local_rank)
torch.manual_seed(0)
digits = load_digits()
data = torch.tensor(digits.data, dtype=torch.float32).cuda(local_rank) / 16
target = torch.tensor(digits.target).cuda(local_rank)
net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 10)).cuda(local_rank)
model = DDP(net, device_ids=[local_rank])
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    mine = torch.arange(rank, 1437, world_size)[torch.randperm(1437 // world_size)[:128]]
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(data[mine]), target[mine])
    loss.backward()
    optimizer.step()
if rank == 0:
    accuracy = (model(data[1437:]).argmax(1) == target[1437:]).float().mean().item()
    print(f"loss {loss.item():.4f} accuracy {accuracy:.4f}")
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs")


def accuracy(jobs: Jobs, source: str, **fields) -> float:
    directory = jobs.run(source, **fields)
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    assert "loss" in directory.metric(0).read_text()
    return float(re.findall(r"accuracy ([\d.]+)", log)[-1])


def test_a_script_of_the_module_api_trains(jobs: Jobs):
    assert accuracy(jobs, MODULE_API, distribution=SMDDP) > 0.85


def test_a_script_for_pytorchddp_trains(jobs: Jobs):
    given = {"pytorchddp": {"enabled": True, "custom_mpi_options": "-verbose"}}
    chosen = Distribution.from_arguments(given, processes_per_node=2)
    assert accuracy(jobs, PYTORCHDDP, distribution=chosen, instance_count=2) > 0.85


def test_the_example_of_the_backend_smddp_trains(jobs: Jobs):
    source = (SCRIPTS / "digits_smddp.py").read_text()
    assert accuracy(jobs, source, distribution=SMDDP) > 0.95


def test_the_horovod_example_trains_under_torchrun_s_variables(jobs: Jobs):
    source = (SCRIPTS / "digits_horovod.py").read_text()
    assert accuracy(jobs, source, distribution=ranks(2)) > 0.95


@pytest.mark.slow
def test_the_horovod_example_trains_under_mpirun(jobs: Jobs):
    source = (SCRIPTS / "digits_horovod.py").read_text()
    spread = Distribution(strategy="mpi", processes_per_node=2)
    assert accuracy(jobs, source, distribution=spread, hyperparameters={"lr": "0.03"}) > 0.95


@pytest.mark.slow
def test_the_masked_language_model_learns_more_than_the_commonest_word(jobs: Jobs):
    source = (SCRIPTS / "words_bert.py").read_text()
    # The commonest word would be right 11 times in 100.
    assert accuracy(jobs, source, distribution=SMDDP) > 0.14


@pytest.mark.slow
def test_the_detector_finds_the_shapes_that_it_draws(jobs: Jobs):
    source = (SCRIPTS / "shapes_mask_rcnn.py").read_text()
    assert accuracy(jobs, source, distribution=ranks(2)) > 0.8


def test_without_a_distribution_the_nodes_of_a_job_find_each_other(jobs: Jobs):
    source = """
    import torch, horovod.torch as hvd
    hvd.init()
    print(hvd.size(), hvd.local_size(), hvd.cross_rank(), hvd.cross_size())
    print(hvd.allgather(torch.tensor([hvd.rank()])).tolist())
    """
    directory = jobs.run(source, instance_count=2)
    told = [directory.log(node).read_text() for node in (0, 1)]
    assert told == [f"2 1 {node} 2\n[0, 1]\n" for node in (0, 1)]
