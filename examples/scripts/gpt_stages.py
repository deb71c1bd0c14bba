"""A small GPT that learns English letter by letter, divided into stages, replicas or neither.

    %%sdt_train --distribution pipeline=2,microbatches=4 --entry-point examples/scripts/gpt_stages.py

The loop is the same for any distribution: train_step runs loss_of on every microbatch, and leaves the
gradients of the whole batch. The text is the one behind Python's help(): 700,000 letters.
"""

import argparse
import contextlib
import json
import os
from pathlib import Path
from pydoc_data.topics import topics

import torch
import torch.nn.functional as F
from torch import nn

from jupyter_sdt.runtime import DistributedModel, init, log_metrics, shutdown
from jupyter_sdt.runtime.modelparallel.activations.counting import count_activations
from jupyter_sdt.runtime.modelparallel.partition import (
    Assignment,
    predict_memory,
    recorded_in_flight,
)

LETTERS = 128


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, hidden):
        shape = (*hidden.shape[:2], 3, self.heads, -1)
        query, key, value = self.attention(self.norm_1(hidden)).view(shape).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        hidden = hidden + self.merge(mixed.transpose(1, 2).flatten(2))
        return hidden + self.mlp(self.norm_2(hidden))


class GPT(nn.Module):
    def __init__(self, blocks, width, length):
        super().__init__()
        self.letters, self.places = nn.Embedding(LETTERS, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, 4) for _ in range(blocks))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, LETTERS)

    def forward(self, letters):
        hidden = self.letters(letters) + self.places(torch.arange(letters.shape[1]))
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden))


def read_batches(args, context):
    """Every rank takes its share of each batch; the stages of one pipeline have the same share."""
    text = "".join(topics.values()).encode("ascii", "replace")
    text = torch.frombuffer(bytearray(text), dtype=torch.uint8).long().clamp(max=LETTERS - 1)
    generator = torch.Generator().manual_seed(args.seed)
    for _ in range(args.steps):
        starts = torch.randint(len(text) - args.length - 1, (args.batch_size,), generator=generator)
        rows = torch.stack([text[start : start + args.length + 1] for start in starts.tolist()])
        yield rows[context.data_share :: context.data_shares]


def held_bytes(model, optimizer):
    """Parameters and Adam's two moments that lie on this rank."""
    parameters = list(model.parameters())
    states = [value for state in optimizer.state.values() for value in state.values()]
    return sum(t.nbytes for t in (*parameters, *states) if torch.is_tensor(t) and t.dim())


def show_prediction(context, kept):
    """Each stage says what its activations took; the first one says what was to be expected."""
    print(f"rank {context.rank}: {kept.most} bytes of activations kept at the same time")
    folder = Path(os.environ.get("SDT_JOB_DIRECTORY", "."))
    if context.rank > 0 or not (folder / "schedule.json").exists():
        return
    assignment = Assignment.from_json(json.loads((folder / "partition.json").read_text()))
    flying = recorded_in_flight(json.loads((folder / "schedule.json").read_text()))
    for stage, memory in enumerate(predict_memory(assignment, 1, "1f1b", in_flight=flying)):
        print(
            f"stage {stage}: {memory.parameters + memory.optimizer} bytes predicted, and "
            f"{memory.gradients} of gradients, about {memory.activations} of activations with "
            f"{flying[stage]} in flight"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    args, _ = parser.parse_known_args()

    context = init()
    torch.manual_seed(args.seed)
    model = DistributedModel(GPT(args.blocks, args.width, args.length), context)
    optimizer = model.with_optimizer(torch.optim.AdamW(model.parameters(), lr=3e-3))

    def loss_of(rows):
        logits = model(rows[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())

    staged = context.layout is not None and context.layout.pipeline_parallel_size > 1
    kept = None
    for step, rows in enumerate(read_batches(args, context), 1):
        optimizer.zero_grad()
        recorded = staged and step == (4 if args.steps >= 4 else 2)  # in schedule.json
        with count_activations() if recorded else contextlib.nullcontext() as activations:
            loss = model.train_step(loss_of, rows)
        kept = activations or kept
        optimizer.step()
        log_metrics(step, loss=loss.item())
    print(f"rank {context.rank}: loss {loss:.4f}, {held_bytes(model, optimizer)} bytes held")

    if kept is not None:
        show_prediction(context, kept)
    shutdown()


if __name__ == "__main__":
    main()
