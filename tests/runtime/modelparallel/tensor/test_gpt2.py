"""Hugging Face's GPT-2 among tensor peers: the loss, gradients and keys of one process."""

import pytest

pytest.importorskip("transformers")

BODY = """
import copy
import jupyter_sdt.runtime.modelparallel.tensor.marks as marks
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from transformers import GPT2Config, GPT2LMHeadModel
torch.manual_seed(0)
config = GPT2Config(
    vocab_size=11, n_positions=8, n_embd=8, n_layer=2, n_head=4, n_inner=12,
    attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, attn_implementation=IMPLEMENTATION)
plain = GPT2LMHeadModel(config).double()
divided = copy.deepcopy(plain)
marks.set_tensor_parallelism(divided)
model = DistributedModel(divided)
words, mask = torch.randint(11, (4, 6)), torch.ones(4, 6).long()
mask[:, 4:] = 0  # the same number of words in each sequence: means of halves are the mean
for given in (None, mask):
    plain.zero_grad()
    model.zero_grad()
    expected = plain(words, attention_mask=given, labels=words).loss
    expected.backward()
    own = None if given is None else mine(given)
    loss = model(mine(words), attention_mask=own, labels=mine(words)).loss
    model.backward(loss)
    torch.testing.assert_close(gathered(loss, None), expected.detach())
    wholes = dict(plain.named_parameters())
    for name, parameter in model.named_parameters():
        got = gathered(parameter.grad, slice_of(parameter))
        torch.testing.assert_close(got, wholes[name].grad, msg=lambda t: f"{name}: {t}")
whole = model.state_dict()
assert list(whole) == list(plain.state_dict())
for name, value in plain.state_dict().items():
    assert torch.equal(whole[name], value), name
assert divided.transformer.h[0].attn.c_attn.weight.shape == (8, 12)
assert divided.transformer.h[1].mlp.c_proj.weight.shape == (6, 8)
assert divided.lm_head.weight is divided.transformer.wte.weight  # shared: left alone
"""


@pytest.mark.parametrize("prescaled", [False, True])
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_gpt2_trains_as_on_one_process(tensor_ranks, implementation, prescaled):
    body = BODY.replace("IMPLEMENTATION", repr(implementation))
    tensor_ranks(body, 2, prescaled_batch=prescaled)
