"""Whole scripts for smdistributed.modelparallel in the shape of the galleries', as jobs."""

import re
from pathlib import Path

import pytest
from support import Jobs

from jupyter_sdt.spec.distribution import Distribution

pytestmark = pytest.mark.timeout(400)  # on machines that may be busy

# The form of SageMaker's MNIST example, on data that comes with scikit-learn.
GROUPED_NET = """
import argparse, os
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from sklearn.datasets import load_digits
import smdistributed.modelparallel
import smdistributed.modelparallel.torch as smp

if not torch.cuda.is_available():
    raise ValueError("The script requires CUDA support, but CUDA not available")
smp.init()
torch.manual_seed(0)
torch.cuda.set_device(smp.local_rank())
device = torch.device("cuda")
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--base", default=os.environ.get("SM_MODEL_DIR"))
args, _ = parser.parse_known_args()
# Nodes that do not share their disks.
checkpoints = os.path.join(args.base, os.environ["SM_CURRENT_HOST"])


class Net1(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1)
        self.dropout1 = nn.Dropout2d(0.05)

    def forward(self, x):
        return torch.flatten(self.dropout1(F.relu(self.conv1(x))), 1)


class Net2(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8 * 36, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), 1)


class GroupedNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net1 = Net1()
        self.net2 = Net2()

    def forward(self, x):
        return self.net2(self.net1(x))


@smp.step
def train_step(model, data, target):
    output = model(data)
    loss = F.nll_loss(output, target, reduction="mean")
    model.backward(loss)
    return output, loss


@smp.step
def test_step(model, data, target):
    output = model(data)
    loss = F.nll_loss(output, target, reduction="sum").item()
    pred = output.argmax(dim=1, keepdim=True)
    return loss, pred.eq(target.view_as(pred)).sum().item()


images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8).to(device) / 16
labels = torch.tensor(labels).to(device)
# Replicas see different images; the ranks of one model see the same.
mine = torch.arange(smp.dp_rank(), 1536, smp.dp_size()).split(64)

model = smp.DistributedModel(GroupedNet().to(device))
scaler = smp.amp.GradScaler()
optimizer = smp.DistributedOptimizer(optim.Adadelta(model.parameters(), lr=1.0))
scheduler = StepLR(optimizer, step_size=1, gamma=0.9)
start = 0
if os.path.exists(os.path.join(checkpoints, "newest")):
    content = smp.resume_from_checkpoint(checkpoints, partial=True)
    start = content["epoch"]
    scheduler.load_state_dict(content["scheduler"])

for epoch in range(start, args.epochs):
    model.train()
    for rows in mine:
        optimizer.zero_grad()
        _, loss_mb = train_step(model, images[rows], labels[rows])
        loss = loss_mb.reduce_mean()
        optimizer.step()
    scheduler.step()
    if smp.rank() == 0:
        print("Train Epoch: {} Loss: {:.6f}".format(epoch, loss.item()))
    content = {"epoch": epoch + 1, "scheduler": scheduler.state_dict()}
    smp.save_checkpoint(checkpoints, tag=f"epoch_{epoch}", partial=True, model=model,
                        optimizer=optimizer, user_content=content,
                        num_kept_partial_checkpoints=2)
model.eval()
with torch.no_grad():
    losses, correct = test_step(model, images[1536:1792], labels[1536:1792])
print("start {} lr {:.4f} loss {:.2f} accuracy {:.4f}".format(
    start, optimizer.param_groups[0]["lr"], sum(losses), sum(correct) / 256))
if smp.dp_rank() == 0:
    state = model.state_dict()
    if smp.rank() == 0:
        torch.save(state, os.path.join(os.environ["SM_MODEL_DIR"], "pt_mnist.pt"))
smp.barrier()
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs")


def spread(launcher=None, placement="cluster", processes=2) -> Distribution:
    parameters = {"partitions": 2, "microbatches": 4, "ddp": True, "optimize": "speed"}
    return Distribution(
        strategy="modelparallel",
        combined_with="mpi",
        processes_per_node=processes,
        launcher=launcher,
        parameters=parameters | {"placement_strategy": placement, "pipeline": "interleaved"},
    )


def finish(jobs: Jobs, ranks=4, **fields) -> tuple[str, ...]:
    """Start epoch, learning rate, loss and accuracy that the ranks told, all the same ones."""
    directory = jobs.run(GROUPED_NET, **fields)
    logs = [directory.log(rank).read_text() for rank in range(ranks)]
    assert directory.read_state().status == "Completed", "\n".join(logs)
    pattern = r"start (\d+) lr ([\d.]+) loss ([\d.]+) accuracy ([\d.]+)"
    found = {re.findall(pattern, log)[-1] for log in logs}
    # Replicas make their own random masks in training; the weights are the same.
    assert len(found) == 1, found
    return found.pop()


def test_a_script_of_the_gallery_trains_on_two_nodes_and_resumes_there(jobs, tmp_path):
    options = {"distribution": spread(), "instance_count": 2}
    words = {"base": str(tmp_path / "kept")}
    first = finish(jobs, hyperparameters=words | {"epochs": 3}, **options)
    assert first[0] == "0"
    kept = {
        node: sorted(p.name for p in (tmp_path / "kept" / node / "epoch_2_partial").iterdir())
        for node in ("algo-1", "algo-2")
    }
    # The second node holds replicas only; it keeps what its ranks cannot get from a file.
    assert kept["algo-1"] == [
        "model_0_0.pt", "model_1_0.pt", "optimizer_0_0.pt", "optimizer_1_0.pt", "user_content.pt",
    ]  # fmt: skip
    assert kept["algo-2"] == ["user_content.pt"]
    second = finish(jobs, hyperparameters=words | {"epochs": 8}, **options)
    assert second[:2] == ("3", "0.4305")
    assert float(second[3]) > 0.7
    assert float(second[2]) < float(first[2])
    left = sorted(p.name for p in (tmp_path / "kept" / "algo-2").iterdir())
    assert left == ["epoch_6_partial", "epoch_7_partial", "newest"]


@pytest.mark.slow
def test_the_script_trains_under_mpirun(jobs):
    two = spread("mpirun", "spread", processes=1)
    found = finish(jobs, 2, distribution=two, instance_count=2, hyperparameters={"epochs": 4})
    assert float(found[3]) > 0.5
