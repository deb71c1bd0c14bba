"""GPT-2, reduced, in the style of SageMaker's model-parallel library: pipeline x data parallelism.

With other parameters the same script runs with tensor parallelism, {"tensor_parallel_degree": 2,
"ddp": True}, or with sharded data parallelism, {"sharded_data_parallel_degree": 2, "ddp": True,
"sdp_param_persistence_threshold": 100}: without the last, parameters as small as here stay whole.

    estimator = PyTorch(
        entry_point="smp_gpt2.py",
        source_dir="examples/scripts",
        distribution={
            "smdistributed": {
                "modelparallel": {
                    "enabled": True,
                    "parameters": {"partitions": 2, "microbatches": 4, "ddp": True},
                }
            },
            "mpi": {"enabled": True, "processes_per_host": 4},
        },
    )
    estimator.fit()

smp prints which stage has which modules. Each rank says at the end how many bytes of parameters,
gradients and optimizer state it holds, and how many were to be expected; with stages one step is drawn. The text is the one behind Python's help().
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


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, hidden):
        shape = (*hidden.shape[:2], 3, self.heads, -1)
        query, key, value = self.c_attn(hidden).view(shape).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.c_proj(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, hidden):
        hidden = hidden + self.attn(self.ln_1(hidden))
        return hidden + self.mlp(self.ln_2(hidden))


class GPT2(nn.Module):
    def __init__(self, vocabulary, width, layers, heads, length):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight
        self.apply(self._init)

    @staticmethod
    def _init(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, words, labels):
        places = torch.arange(words.shape[1], device=words.device)
        hidden = self.wte(words) + self.wpe(places)
        for block in self.h:
            hidden = block(hidden)
        logits = self.lm_head(self.ln_f(hidden))
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


@smp.step
def train_step(model, words, labels):
    loss = model(words, labels)
    model.backward(loss)
    return loss


def batches(args):
    text = "".join(topics.values()).encode("ascii", "replace")
    text = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    generator = torch.Generator().manual_seed(args.seed)
    for _ in range(args.max_steps):
        count = args.train_batch_size * smp.dp_size()
        starts = torch.randint(
            len(text) - args.max_context_width - 1, (count,), generator=generator
        )
        rows = torch.stack([text[s : s + args.max_context_width + 1] for s in starts.tolist()])
        yield rows[smp.dp_rank() :: smp.dp_size()]


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
    parser.add_argument("--max_steps", type=int, default=100)
    parser.add_argument("--train_batch_size", type=int, default=16)
    parser.add_argument("--num_layers", type=int, default=6)
    parser.add_argument("--hidden_width", type=int, default=128)
    parser.add_argument("--num_heads", type=int, default=4)
    parser.add_argument("--max_context_width", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint_dir", default=os.environ.get("SM_MODEL_DIR"))
    args, _ = parser.parse_known_args()

    smp.init()
    torch.cuda.set_device(smp.local_rank())
    device = torch.device("cuda")
    torch.manual_seed(args.seed)
    with smp.model_creation(tensor_parallelism=smp.tp_size() > 1):
        network = GPT2(
            128, args.hidden_width, args.num_layers, args.num_heads, args.max_context_width
        )
    sizes = {name: parameter.nbytes for name, parameter in network.named_parameters()}
    model = smp.DistributedModel(network, trace_memory_usage=True)
    optimizer = smp.DistributedOptimizer(torch.optim.AdamW(model.parameters(), lr=args.lr))

    kept = None
    for step, rows in enumerate(batches(args), 1):
        optimizer.zero_grad()
        rows = rows.to(device)
        with counted(step, args.max_steps) as activations:
            loss = train_step(model, rows[:, :-1], rows[:, 1:]).reduce_mean()
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

    if args.checkpoint_dir:
        smp.save_checkpoint(args.checkpoint_dir, tag="gpt2", partial=False, model=model)
    smp.barrier()


if __name__ == "__main__":
    main()
