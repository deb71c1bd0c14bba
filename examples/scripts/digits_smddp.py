"""Handwritten digits in the style of SageMaker's data-parallel library, from version 1.4 on.

    estimator = PyTorch(
        entry_point="digits_smddp.py",
        source_dir="examples/scripts",
        distribution={"smdistributed": {"dataparallel": {"enabled": True}}},
    )
    estimator.fit()

The library's name is imported once and makes the backend "smddp" known; all else is plain torch.
The data are 1,797 images that come with scikit-learn.
"""

import argparse
import os

import torch
import torch.distributed as dist
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

import smdistributed.dataparallel.torch.torch_smddp  # noqa: F401


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(32 * 2 * 2, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.log_softmax(self.fc(self.dropout(x.flatten(1))), dim=1)


def datasets():
    digits = load_digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
    images = torch.tensor(digits.images, dtype=torch.float32)[order].unsqueeze(1) / 16
    labels = torch.tensor(digits.target)[order]
    return TensorDataset(images[:1437], labels[:1437]), TensorDataset(images[1437:], labels[1437:])


def train(args, model, device, loader, optimizer, epoch):
    model.train()
    loader.sampler.set_epoch(epoch)
    for batch, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        if batch % args.log_interval == 0 and dist.get_rank() == 0:
            print(f"epoch {epoch} batch {batch}/{len(loader)} loss {loss.item():.4f}")


def test(model, device, dataset):
    model.eval()
    images, labels = (tensor.to(device) for tensor in dataset.tensors)
    with torch.no_grad():
        output = model(images)
    loss = F.nll_loss(output, labels).item()
    accuracy = (output.argmax(1) == labels).float().mean().item()
    print(f"test loss {loss:.4f} accuracy {accuracy:.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=64, help="of all ranks together")
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--log-interval", type=int, default=10)
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "."))
    args = parser.parse_args()

    dist.init_process_group(backend="smddp")
    local_rank = int(os.environ["LOCAL_RANK"])
    device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
    torch.manual_seed(1)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    else:
        torch.set_num_threads(1)

    training, testing = datasets()
    sampler = DistributedSampler(training, num_replicas=dist.get_world_size(), rank=dist.get_rank())
    size = max(args.batch_size // dist.get_world_size(), 1)
    loader = DataLoader(training, batch_size=size, sampler=sampler)
    model = DDP(Net().to(device))
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        train(args, model, device, loader, optimizer, epoch)
        if dist.get_rank() == 0:
            test(model.module, device, testing)
    if dist.get_rank() == 0:
        torch.save(model.module.state_dict(), os.path.join(args.model_dir, "model.pth"))


if __name__ == "__main__":
    main()
