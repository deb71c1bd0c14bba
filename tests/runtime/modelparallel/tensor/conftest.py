"""Tensor-parallel ranks that compare their layers with one process."""

import pytest

PRELUDE = """
import faulthandler, os
faulthandler.dump_traceback_later(100)  # a hanging test says where
import torch, torch.distributed as dist
from torch import nn
from torch.nn import functional as F
from jupyter_sdt.runtime.modelparallel import parameters, world
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of
from jupyter_sdt.runtime.modelparallel.tensor.linear import DistributedLinear
from jupyter_sdt.runtime.modelparallel.tensor.embedding import DistributedEmbedding
from jupyter_sdt.runtime.modelparallel.tensor.attention import DistributedAttentionLayer
from jupyter_sdt.runtime.modelparallel.tensor.output_layer import DistributedTransformerOutputLayer
from jupyter_sdt.runtime.modelparallel.tensor.transformer import (
    DistributedTransformer, DistributedTransformerLayer)
from jupyter_sdt.runtime.modelparallel.tensor.language_model import DistributedTransformerLMHead

here = world.start(parameters.read())
rank, peers, prescaled = here.rank, here.group("tp"), here.parameters.prescaled_batch
torch.set_default_dtype(torch.float64)

def gathered(tensor, part):
    parts = [torch.empty_like(tensor) for _ in range(peers.size)]
    dist.all_gather(parts, tensor.detach().contiguous(), group=peers.process_group)
    return part.whole(parts) if part else torch.stack(parts).mean(0)

def mine(tensor):
    '''This peer's batch, of that of one process.'''
    return tensor if prescaled else tensor.chunk(peers.size)[peers.rank]

def refused(function, kind, *words):
    try:
        function()
    except kind as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"not refused: {words}")

def compare(module, plain, inputs):
    '''Both on the same batch with the same weights: output, gradients of input and weights.

    ``plain`` is a function of the whole weights by name and of the inputs.
    '''
    wholes = {n: gathered(p, slice_of(p)).requires_grad_() for n, p in module.named_parameters()}
    theirs = [t.clone().requires_grad_() if t.is_floating_point() else t for t in inputs]
    own = [mine(t).clone().requires_grad_() if t.is_floating_point() else mine(t) for t in inputs]
    expected, found = plain(wholes, *theirs), module(*own)
    torch.testing.assert_close(found, mine(expected))
    seed = torch.randn(expected.shape, generator=torch.Generator().manual_seed(3))
    (expected * seed).sum().backward()
    (found * mine(seed)).sum().backward()
    for right, got in zip(theirs, own):
        if right.grad is not None:
            torch.testing.assert_close(got.grad, mine(right.grad))
    # With batches of their own peers compute the mean of what one process sums.
    factor = 1 if prescaled else peers.size
    for name, parameter in module.named_parameters():
        part = slice_of(parameter)
        torch.testing.assert_close(
            gathered(parameter.grad, part) * factor, wholes[name].grad, msg=lambda t: f"{name} {t}")
"""


@pytest.fixture
def tensor_ranks(mp_ranks):
    """Run a body on so many tensor-parallel ranks; all must come through."""

    def run(body, ranks, **parameters):
        asked = {"tensor_parallel_degree": ranks, "ddp": True} | parameters
        total = ranks * asked.pop("times", 1)
        return mp_ranks(body, total, asked, prelude=PRELUDE)

    return run
