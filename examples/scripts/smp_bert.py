"""A step of BERT's pretraining, in the style of SageMaker's model-parallel library: four stages.

    estimator = PyTorch(
        entry_point="smp_bert.py",
        source_dir="examples/scripts",
        distribution={
            "smdistributed": {
                "modelparallel": {
                    "enabled": True,
                    "parameters": {
                        "partitions": 4, "microbatches": 8, "optimize": "speed", "memory_weight": 0.3,
                        "pipeline": "interleaved", "placement_strategy": "cluster", "ddp": True,
                    },
                }
            },
            "mpi": {"enabled": True, "processes_per_host": 4},
        },
    )
    estimator.fit()

Two tasks at once, as in the paper (https://arxiv.org/abs/1810.04805): which letters were masked, and
whether the second half of a row follows the first. The text is the one behind Python's help().
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

import smdistributed.modelparallel.torch as smp
from smdistributed.modelparallel.torch.nn import FusedLayerNorm
from smdistributed.modelparallel.torch.optimizers import FusedLAMB

MASK, VOCABULARY = 0, 128


class BertEmbeddings(nn.Module):
    def __init__(self, width, length):
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCABULARY, width)
        self.position_embeddings = nn.Embedding(length, width)
        self.token_type_embeddings = nn.Embedding(2, width)
        self.LayerNorm = FusedLayerNorm(width)

    def forward(self, words, types):
        places = torch.arange(words.shape[1], device=words.device)
        hidden = self.word_embeddings(words) + self.token_type_embeddings(types)
        return self.LayerNorm(hidden + self.position_embeddings(places))


class BertLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)
        self.intermediate = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU())
        self.dense = nn.Linear(4 * width, width)
        self.norm_1, self.norm_2 = FusedLayerNorm(width), FusedLayerNorm(width)

    def forward(self, hidden):
        def heads(tensor):
            return tensor.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        parts = heads(self.query(hidden)), heads(self.key(hidden)), heads(self.value(hidden))
        mixed = F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        hidden = self.norm_1(hidden + self.output(mixed))
        return self.norm_2(hidden + self.dense(self.intermediate(hidden)))


class BertForPreTraining(nn.Module):
    def __init__(self, width, layers, heads, length):
        super().__init__()
        self.embeddings = BertEmbeddings(width, length)
        self.encoder = nn.ModuleList(BertLayer(width, heads) for _ in range(layers))
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), FusedLayerNorm(width))
        self.decoder = nn.Linear(width, VOCABULARY)
        self.decoder.weight = self.embeddings.word_embeddings.weight
        self.pooler = nn.Sequential(nn.Linear(width, width), nn.Tanh())
        self.seq_relationship = nn.Linear(width, 2)
        self.apply(self._init)

    @staticmethod
    def _init(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, words, types):
        hidden = self.embeddings(words, types)
        for layer in self.encoder:
            hidden = layer(hidden)
        return self.decoder(self.transform(hidden)), self.seq_relationship(
            self.pooler(hidden[:, 0])
        )


@smp.step
def train_step(model, words, types, masked, follows):
    letters, relation = model(words, types)
    loss = F.cross_entropy(letters.flatten(0, 1), masked.flatten(), ignore_index=-1)
    loss = loss + F.cross_entropy(relation, follows)
    model.backward(loss)
    return loss


def batches(args):
    text = "".join(topics.values()).encode("ascii", "replace")
    text = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    generator = torch.Generator().manual_seed(args.seed)
    half, count = args.max_seq_length // 2, args.train_batch_size * smp.dp_size()
    types = torch.arange(2 * half).ge(half).long().expand(count, -1)
    for _ in range(args.max_steps):
        starts = torch.randint(len(text) - 2 * half, (2, count), generator=generator)
        follows = torch.randint(2, (count,), generator=generator)
        second = torch.where(follows.bool(), starts[0] + half, starts[1])
        places = torch.arange(half)
        rows = text[torch.cat([starts[0][:, None] + places, second[:, None] + places], 1)]
        hidden = torch.rand(rows.shape, generator=generator) < 0.15
        batch = rows.masked_fill(hidden, MASK), types, rows.masked_fill(~hidden, -1), follows
        yield [tensor[smp.dp_rank() :: smp.dp_size()].contiguous() for tensor in batch]


def held_bytes(model, optimizer):
    """Parameters, gradients and optimizer state that lie on this rank."""
    tensors = [*model.local_parameters()]
    tensors += [p.grad for p in tensors if p.grad is not None]
    tensors += [v for state in optimizer.state.values() for v in state.values()]
    tensors = [t.to_local() if hasattr(t, "to_local") else t for t in tensors if torch.is_tensor(t)]
    return sum(t.nbytes for t in tensors if t.dim())


def predicted_bytes(model, sizes):
    """What they should take: each parameter four times, divided by those who share it."""

    def sharing(parameter):
        if model.is_distributed_parameter(parameter):
            return smp.tp_size()
        pieces = hasattr(parameter, "to_local")
        return smp.state.cfg.sharded_data_parallel_degree if pieces else 1

    return round(4 * sum(sizes[name] / sharing(p) for name, p in model.local_named_parameters()))


def show_shares(model):
    """Which parameters are divided within a stage; which stage has which modules smp has printed."""
    named = dict(model.local_named_parameters())
    sliced = [name for name, p in named.items() if model.is_distributed_parameter(p)]
    sharded = [name for name, p in named.items() if hasattr(p, "to_local")]
    for names, how in ((sliced, "sliced among tensor peers"), (sharded, "sharded")):
        if names and smp.rank() == 0:
            print(f"{len(names)} of {len(named)} parameters are {how}: {names[0]}, ...", flush=True)


def show_schedule():
    """Draw what each stage did in one of the first steps, where the job left a record of it."""
    if smp.rank() > 0:
        return
    path = Path(os.environ.get("SDT_JOB_DIRECTORY", "."), "schedule.json")
    if path.is_file():
        from jupyter_sdt.runtime.modelparallel.pipeline.gantt import drawn

        print(drawn(json.loads(path.read_text())), flush=True)
    else:
        print("one stage: microbatch after microbatch, forward and backward", flush=True)


def counted(step, steps):
    """With stages: count what this rank keeps for backward, in the step that schedule.json records."""
    if smp.pp_size() == 1 or step != (4 if steps >= 4 else 2):
        return contextlib.nullcontext()
    from jupyter_sdt.runtime.modelparallel.activations.counting import count_activations

    return count_activations()


def show_activations(model, activations):
    """Compare them with the prediction, for the microbatches that were in flight at the same time."""
    path = Path(os.environ.get("SDT_JOB_DIRECTORY", "."), "schedule.json")
    if activations is None or not path.is_file():
        return
    from jupyter_sdt.runtime.modelparallel.partition import predict_memory, recorded_in_flight

    flying = recorded_in_flight(json.loads(path.read_text()))
    microbatches = smp.state.cfg.microbatches
    need = predict_memory(model.assignment, microbatches, "1f1b", in_flight=flying)[smp.pp_rank()]
    print(
        f"rank {smp.rank()}, stage {smp.pp_rank()}: {activations.most} bytes of "
        f"activations, {need.activations} predicted with {flying[smp.pp_rank()]} in flight",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--max_steps", type=int, default=60)
    parser.add_argument("--train_batch_size", type=int, default=32)
    parser.add_argument("--max_seq_length", type=int, default=64)
    parser.add_argument("--num_hidden_layers", type=int, default=6)
    parser.add_argument("--hidden_size", type=int, default=128)
    parser.add_argument("--num_attention_heads", type=int, default=4)
    parser.add_argument("--learning_rate", type=float, default=6e-3)
    parser.add_argument("--seed", type=int, default=0)
    args, _ = parser.parse_known_args()

    smp.init()
    torch.cuda.set_device(smp.local_rank())
    device = torch.device("cuda", smp.local_rank())
    torch.manual_seed(args.seed)
    shape = args.hidden_size, args.num_hidden_layers, args.num_attention_heads, args.max_seq_length
    network = BertForPreTraining(*shape)
    sizes = {name: parameter.nbytes for name, parameter in network.named_parameters()}
    model = smp.DistributedModel(network, trace_execution_times=True, trace_memory_usage=True)
    optimizer = smp.DistributedOptimizer(FusedLAMB(model.parameters(), lr=args.learning_rate))

    kept = None
    for step, batch in enumerate(batches(args), 1):
        optimizer.zero_grad()
        with counted(step, args.max_steps) as activations:
            loss = train_step(model, *(tensor.to(device) for tensor in batch)).reduce_mean()
        kept = activations or kept
        optimizer.step()
        losses = smp.allgather(loss.item(), smp.DP_GROUP)
        if smp.rank() == 0 and (step % 10 == 0 or step in (1, args.max_steps)):
            print(f"step {step}, loss {sum(losses) / len(losses):.5f}", flush=True)
    held, predicted = held_bytes(model, optimizer), predicted_bytes(model, sizes)
    print(
        f"rank {smp.rank()}, stage {smp.pp_rank()}: {held} bytes, {predicted} predicted, "
        f"{4 * sum(sizes.values())} on one process",
        flush=True,
    )
    show_activations(model, kept)
    show_shares(model)
    show_schedule()
    smp.barrier()


if __name__ == "__main__":
    main()
