"""A small BERT learns to fill in masked words, in the style of SageMaker's data-parallel library.

    estimator = PyTorch(
        entry_point="words_bert.py",
        source_dir="examples/scripts",
        distribution={"smdistributed": {"dataparallel": {"enabled": True}}},
    )
    estimator.fit()

The text is the reference of the Python language that comes with every Python (``help("for")``):
about 90,000 words. Masking is that of the paper: 15 % of the words are to be found, of which 80 % are
masked, 10 % replaced and 10 % left (Devlin et al. 2019, https://arxiv.org/abs/1810.04805).
"""

import argparse
import os
import re
from collections import Counter

import torch
import torch.distributed as dist
import torch.nn.functional as F
from pydoc_data.topics import topics
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP

import smdistributed.dataparallel.torch.torch_smddp  # noqa: F401

UNKNOWN, MASK = 0, 1


class Bert(nn.Module):
    def __init__(self, words, length, width=96, layers=2, heads=4):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = nn.Parameter(torch.zeros(length, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, 0.1, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.last = nn.LayerNorm(width)
        nn.init.normal_(self.words.weight, std=0.02)

    def forward(self, words):
        x = self.last(self.layers(self.words(words) + self.places))
        return x @ self.words.weight.T


def text(size, length):
    words = re.findall(r"\w+|[^\w\s]", " ".join(topics[name] for name in sorted(topics)))
    known = [word for word, _ in Counter(words).most_common(size - 2)]
    numbers = {word: number for number, word in enumerate(known, 2)}
    found = torch.tensor([numbers.get(word, UNKNOWN) for word in words])
    lines = found[: len(found) // length * length].view(-1, length)
    order = torch.randperm(len(lines), generator=torch.Generator().manual_seed(0))
    return lines[order]


def masked(lines, size, generator):
    wanted = (torch.rand(lines.shape, generator=generator) < 0.15) & (lines != UNKNOWN)
    how = torch.rand(lines.shape, generator=generator)
    other = torch.randint(2, size, lines.shape, generator=generator)
    shown = torch.where(wanted & (how < 0.8), MASK, lines)
    shown = torch.where(wanted & (how >= 0.9), other, shown)
    return shown, torch.where(wanted, lines, -100)


def test(model, lines, size):
    shown, answers = masked(lines, size, torch.Generator().manual_seed(0))
    model.eval()
    with torch.no_grad():
        guesses = model(shown).argmax(2)
    model.train()
    asked = answers >= 0
    right = (guesses == answers)[asked].float().mean().item()
    commonest = answers[asked].bincount().max().item() / asked.sum().item()
    print(f"masked words found: accuracy {right:.4f}, the commonest word {commonest:.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--batch-size", type=int, default=32, help="lines of all ranks together")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--words", type=int, default=1000)
    parser.add_argument("--length", type=int, default=32)
    args = parser.parse_args()

    dist.init_process_group(backend="smddp")
    rank, ranks = dist.get_rank(), dist.get_world_size()
    local_rank = int(os.environ["LOCAL_RANK"])
    device = torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
    torch.manual_seed(0)
    lines = text(args.words, args.length).to(device)
    testing, training = lines[:100], lines[100:]
    model = DDP(Bert(args.words, args.length).to(device), gradient_as_bucket_view=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, args.steps, pct_start=0.2)
    generator = torch.Generator().manual_seed(rank)
    for step in range(1, args.steps + 1):
        batch = torch.randint(len(training), (args.batch_size // ranks,), generator=generator)
        shown, answers = masked(training[batch], args.words, generator)
        loss = F.cross_entropy(model(shown).flatten(0, 1), answers.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0 and rank == 0:
            print(f"step {step}/{args.steps} loss {loss.item():.4f}")
    if rank == 0:
        test(model.module, testing, args.words)
    dist.barrier()


if __name__ == "__main__":
    main()
