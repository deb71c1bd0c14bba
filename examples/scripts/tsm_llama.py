"""Llama, reduced, in the style of version 2 of SageMaker's model-parallel library: tensor parallelism
inside FSDP, delayed initialisation, activation checkpointing and offloading, checkpoints on the way.

    estimator = PyTorch(
        entry_point="tsm_llama.py",
        source_dir="examples/scripts",
        distribution={
            "torch_distributed": {"enabled": True, "processes_per_node": 4},
            "smdistributed": {
                "modelparallel": {
                    "enabled": True,
                    "parameters": {"tensor_parallel_degree": 2, "hybrid_shard_degree": 2},
                }
            },
        },
    )
    estimator.fit()

Ranks with different batches are those with different places in the data-parallel group; tensor peers
are given the same batch, and context peers ("context_parallel_degree") parts of the same sequences. The text is the one behind Python's help().
"""

import argparse
import os
from contextlib import nullcontext
from functools import partial
from pydoc_data.topics import topics

import torch
import torch.distributed as dist
import torch.sagemaker as tsm
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    CheckpointImpl,
    apply_activation_checkpointing,
    checkpoint_wrapper,
    offload_wrapper,
)
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from torch.distributed.fsdp import MixedPrecision, ShardingStrategy
from torch.distributed.fsdp.wrap import transformer_auto_wrap_policy
from torch.sagemaker.context_parallel.utils import get_batch_for_cp_rank
from torch.sagemaker.delayed_param import DelayedParamIniter
from torch.sagemaker.distributed.checkpoint.state_dict_loader import load
from torch.sagemaker.distributed.checkpoint.state_dict_saver import (
    async_save,
    maybe_finalize_async_calls,
)
from torch.sagemaker.distributed.checkpoint.state_dict_utils import (
    SMStateDictType,
    init_optim_state,
    sm_state_dict_type,
)
from torch.sagemaker.grad_norm import clip_grad_norm_
from torch.sagemaker.logger import get_logger
from torch.sagemaker.tensor_parallel.transformer import TransformerLayer
from torch.sagemaker.utils.utils import timeit
from transformers import LlamaConfig, LlamaForCausalLM

logger = get_logger()


def make_model(args):
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=args.hidden_width,
        intermediate_size=args.intermediate_size,
        num_hidden_layers=args.num_layers,
        num_attention_heads=args.num_heads,
        num_key_value_heads=args.num_key_value_heads,
        max_position_embeddings=args.max_context_width,
        use_cache=False,
    )
    with torch.device("meta") if args.delayed_param else nullcontext():
        model = LlamaForCausalLM(config)
    model = tsm.transform(model)
    initer = DelayedParamIniter(model) if args.delayed_param else None
    options = {}
    if initer:
        options["param_init_fn"] = initer.get_param_init_fn()
        options["post_param_init_fn"] = initer.get_post_param_init_fn()
    if args.bf16:
        options["mixed_precision"] = MixedPrecision(
            param_dtype=torch.bfloat16, reduce_dtype=torch.float32, buffer_dtype=torch.float32
        )
    with initer.validate_params_and_buffers_inited() if initer else nullcontext():
        model = FSDP(
            model,
            auto_wrap_policy=partial(
                transformer_auto_wrap_policy, transformer_layer_cls={TransformerLayer}
            ),
            sharding_strategy=ShardingStrategy[args.sharding_strategy],
            device_id=torch.cuda.current_device(),
            use_orig_params=bool(args.use_orig_params),
            **options,
        )
    if args.activation_checkpointing:
        apply_activation_checkpointing(
            model,
            checkpoint_wrapper_fn=partial(
                checkpoint_wrapper, checkpoint_impl=CheckpointImpl.NO_REENTRANT
            ),
            check_fn=lambda module: isinstance(module, TransformerLayer),
        )
        if tsm.state.sm_activation_offloading:
            model = offload_wrapper(model)
    return model


def batches(args, rank, size):
    text = "".join(topics.values()).encode("ascii", "replace")
    text = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    generator = torch.Generator().manual_seed(args.seed)
    for _ in range(args.max_steps):
        count = args.train_batch_size * size
        starts = torch.randint(len(text) - args.max_context_width, (count,), generator=generator)
        rows = torch.stack([text[s : s + args.max_context_width] for s in starts.tolist()])
        yield rows[rank::size]


def state_of(model, optimizer, step):
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}


def save(args, model, optimizer, step):
    with sm_state_dict_type(model, SMStateDictType.SM_LOCAL_STATE_DICT):
        state = state_of(model, optimizer, step)
    async_save(state, checkpoint_id=os.path.join(args.checkpoint_dir, "llama"))


def resume(args, model, optimizer):
    folder = os.path.join(args.checkpoint_dir, "llama")
    if not os.path.isdir(folder):
        return 0
    init_optim_state(optimizer)
    with sm_state_dict_type(model, SMStateDictType.SM_LOCAL_STATE_DICT), timeit("resuming"):
        state = state_of(model, optimizer, 0)
        load(state, checkpoint_id=folder)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    return state["step"]


def train(args, model, optimizer):
    begun, shown = resume(args, model, optimizer), 0.0
    group = tsm.state.dp_process_group
    rank, size = dist.get_rank(group), dist.get_world_size(group)
    for step, words in enumerate(batches(args, rank, size), 1):
        if step <= begun:
            continue
        words = words.to("cuda")
        optimizer.zero_grad(set_to_none=True)
        (words,) = get_batch_for_cp_rank([words])
        loss = model(input_ids=words, labels=words).loss
        loss.backward()
        norm = clip_grad_norm_(model, args.grad_clip)
        optimizer.step()
        shown = loss.detach() / size
        dist.all_reduce(shown, group=group)
        if dist.get_rank() == 0 and (step % 10 == 0 or step in (1, args.max_steps)):
            print(f"step {step}, loss {shown.item():.5f}, norm {norm.item():.4f}", flush=True)
        if step % args.checkpoint_freq == 0:
            save(args, model, optimizer, step)
    for number in maybe_finalize_async_calls(blocking=True):
        logger.info("checkpoint %d is complete", number)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--max_steps", type=int, default=100)
    parser.add_argument("--train_batch_size", type=int, default=4)
    parser.add_argument("--num_layers", type=int, default=4)
    parser.add_argument("--hidden_width", type=int, default=128)
    parser.add_argument("--intermediate_size", type=int, default=256)
    parser.add_argument("--num_heads", type=int, default=4)
    parser.add_argument("--num_key_value_heads", type=int, default=2)
    parser.add_argument("--max_context_width", type=int, default=64)
    parser.add_argument("--sharding_strategy", default="HYBRID_SHARD")
    parser.add_argument("--use_orig_params", type=int, default=0)
    parser.add_argument("--delayed_param", type=int, default=1)
    parser.add_argument("--activation_checkpointing", type=int, default=1)
    parser.add_argument("--bf16", type=int, default=0)
    parser.add_argument("--grad_clip", type=float, default=1.0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint_freq", type=int, default=50)
    parser.add_argument("--checkpoint_dir", default=os.environ.get("SM_MODEL_DIR", "."))
    args, _ = parser.parse_known_args()

    dist.init_process_group("nccl")
    tsm.init()
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.manual_seed(args.seed)
    model = make_model(args)
    held = sum(parameter.nbytes for parameter in model.parameters())
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    train(args, model, optimizer)
    print(
        f"rank {dist.get_rank()}, tensor peer {tsm.state.tp_rank} of {tsm.state.tp_size}, shard "
        f"{tsm.state.shard_rank} of {tsm.state.shard_size}: {held} bytes of parameters",
        flush=True,
    )
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
