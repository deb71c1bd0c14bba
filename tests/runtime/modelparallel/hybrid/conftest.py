"""Forked ranks that have joined a job of version 2 and compare models with one process."""

import json

import pytest

PRELUDE = """
import copy, faulthandler, os, warnings
faulthandler.dump_traceback_later(140)  # a hanging test says where
warnings.simplefilter("ignore")
import torch, torch.distributed as dist
import torch.nn.functional as F
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP, ShardingStrategy
from torch.distributed.fsdp.wrap import ModuleWrapPolicy
import torch.sagemaker as tsm
from torch.sagemaker.delayed_param import DelayedParamIniter
from torch.sagemaker.tensor_parallel.transformer import TransformerLayer
from jupyter_sdt.runtime.modelparallel.hybrid import state
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of
import transformers

tsm.init()
here = state.current()
torch.set_default_dtype(torch.float64)
SIZES = dict(vocab_size=17, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
             num_attention_heads=4, max_position_embeddings=16)
KINDS = {"Llama": dict(num_key_value_heads=2),
         "Mistral": dict(num_key_value_heads=2, sliding_window=4),
         "GPTNeoX": {},
         "Mixtral": dict(num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2)}

def configuration(kind, **more):
    found = getattr(transformers, kind + "Config")(**SIZES | KINDS[kind] | more)
    found._experts_implementation = "eager"  # grouped matrix products know no float64
    return found

def make(kind, seed=0, **more):
    torch.manual_seed(seed)
    return getattr(transformers, kind + "ForCausalLM")(configuration(kind, **more)).double()

def loss_of(model, words):
    '''In float64, where transformers computes its own in float32.'''
    logits = model(input_ids=words).logits
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), words[:, 1:].flatten())

def own(whole, name):
    for slices, peers in reversed(here.divisions):
        if name in slices:
            whole = slices[name].of(whole, peers.rank, peers.size)
    return whole

def wrapped(model, strategy=None, **options):
    return FSDP(model, sharding_strategy=strategy, use_orig_params=True,
                auto_wrap_policy=ModuleWrapPolicy({TransformerLayer}), **options)

def check_weights(model, plain, **tolerance):
    '''Parameters of ``model``, which FSDP wraps, against those of one process.'''
    wholes = {name: p.detach() for name, p in plain.named_parameters()}
    with FSDP.summon_full_params(model, writeback=False):
        for name, parameter in model.named_parameters():
            name = name.replace("_fsdp_wrapped_module.", "")
            torch.testing.assert_close(parameter.detach(), own(wholes[name], name), **tolerance,
                                       msg=lambda text: f"{name}: {text}")

def batches(steps, rows=2):
    '''Of all ranks with batches of their own, and this one's.'''
    generator, size = torch.Generator().manual_seed(5), tsm.state.dp_size
    for _ in range(steps):
        words = torch.randint(17, (rows * size, 8), generator=generator)
        yield words, words.chunk(size)[tsm.state.dp_rank]

def train(model, optimizer, plain, reference, steps=10, clip=None):
    for words, mine in batches(steps):
        expected, loss = loss_of(plain, words), loss_of(model, mine)
        expected.backward(), loss.backward()
        total = loss.detach().clone()
        dist.all_reduce(total)
        torch.testing.assert_close(total / dist.get_world_size(), expected.detach())
        if clip is not None:
            right = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
            torch.testing.assert_close(clip(model, 0.1), right)
        for each in (optimizer, reference):
            each.step(), each.zero_grad()

def refused(function, kind, *words):
    try:
        function()
    except kind as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"not refused: {words}")
"""


@pytest.fixture
def hybrid_ranks(job):
    """Run a body on so many ranks that have joined with ``parameters``; all must come through."""
    pytest.importorskip("transformers")

    def run(body, ranks, *arguments, **parameters):
        environment = {"SM_HP_MP_PARAMETERS": json.dumps(parameters), "HF_HUB_OFFLINE": "1"}
        job.run(PRELUDE + body, *arguments, ranks=ranks, environment=environment, timeout=200)
        assert job.codes == [0] * ranks, "\n".join(job.log(rank) for rank in range(ranks))
        return job

    return run
