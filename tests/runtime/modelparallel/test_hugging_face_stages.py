"""Plain models of transformers, divided, in a script that knows no SageMaker."""

import json

import pytest

from jupyter_sdt.cells.degrees import read_degrees

pytest.importorskip("transformers")

GPT2 = """
from transformers import GPT2Config, GPT2LMHeadModel
plain = GPT2LMHeadModel(GPT2Config(
    vocab_size=100, n_positions=32, n_embd=32, n_layer=4, n_head=4, resid_pdrop=0, embd_pdrop=0,
    attn_pdrop=0, use_cache=False, bos_token_id=1, eos_token_id=1))
"""
T5 = """
from transformers import T5Config, T5ForConditionalGeneration
plain = T5ForConditionalGeneration(T5Config(
    vocab_size=100, d_model=32, d_kv=8, d_ff=64, num_layers=3, num_heads=4, dropout_rate=0,
    decoder_start_token_id=0, use_cache=False))
"""
COMPARE = """
plain = plain.double()
context = init()
model = DistributedModel(copy.deepcopy(plain), context)
optimizer = model.with_optimizer(torch.optim.AdamW(model.parameters(), lr=1e-2))
reference = torch.optim.AdamW(plain.parameters(), lr=1e-2)
words = torch.randint(1, 100, (8, 16))
batch = {"input_ids": words, "attention_mask": torch.ones_like(words), "labels": words}
held = set()
for step in range(3):
    loss = model.train_step(lambda batch: model(**batch).loss, batch)
    expected = plain(**batch).loss
    expected.backward()
    torch.testing.assert_close(loss, expected.detach())
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            held.add(name)
            torch.testing.assert_close(parameter.grad, plain.get_parameter(name).grad)
    optimizer.step()
    reference.step()
    optimizer.zero_grad()
    reference.zero_grad()
assert 10 < len(held) < len(list(plain.parameters()))
print("equal", len(held))
shutdown()
"""
TOLD = """
plain = plain.double()
context = init()
model = DistributedModel(copy.deepcopy(plain), context)
optimizer = model.with_optimizer(torch.optim.AdamW(model.parameters(), lr=1e-2))
reference = torch.optim.AdamW(plain.parameters(), lr=1e-2)
for step in range(3):
    words = torch.randint(1, 100, (8, 16))
    mine = words[context.data_share :: context.data_shares]
    model.train_step(lambda words: model(words, labels=words).loss, mine)
    plain(words, labels=words).loss.backward()
    right = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
    torch.testing.assert_close(model.clip_grad_norm_(0.5).double(), right, rtol=1e-5, atol=0)
    optimizer.step()
    reference.step()
    optimizer.zero_grad()
    reference.zero_grad()
state = model.state_dict()
assert state.keys() == plain.state_dict().keys()
torch.testing.assert_close(dict(state), dict(plain.state_dict()), rtol=1e-5, atol=1e-8)
held = sum((p.to_local() if hasattr(p, "to_local") else p).numel() for p in model.parameters())
print("held", held / sum(p.numel() for p in plain.parameters()))
shutdown()
"""
BEGIN = """
import copy, torch
from jupyter_sdt.runtime import DistributedModel, init, shutdown
torch.manual_seed(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", [GPT2, T5], ids=["GPT-2", "T5"])
def test_losses_and_gradients_are_those_of_one_process(job, model):
    asked = {"pipeline_parallel_degree": 2, "microbatches": 4, "ddp": True}
    environment = {"SM_HP_MP_PARAMETERS": json.dumps(asked)}
    job.run(BEGIN + model + COMPARE, ranks=2, environment=environment, timeout=150)
    assert job.codes == [0, 0], job.log(0) + job.log(1)
    held = [int(job.log(rank).split()[-1]) for rank in range(2)]
    assert min(held) > 10


@pytest.mark.slow
@pytest.mark.parametrize(("words", "ranks"), [("pipeline=2,tensor=2", 4), ("shard=2", 2)])
def test_layers_and_parameters_are_divided_as_the_distribution_says(job, words, ranks):
    library = read_degrees(words)["smdistributed"]["modelparallel"]
    asked = library["parameters"] | {"microbatches": 2, "sdp_param_persistence_threshold": 100}
    environment = {"SM_HP_MP_PARAMETERS": json.dumps(asked)}
    job.run(BEGIN + GPT2 + TOLD, ranks=ranks, environment=environment, timeout=150)
    assert job.codes == [0] * ranks, job.log(0) + job.log(1)
    assert all(float(job.log(rank).split()[-1]) < 0.7 for rank in range(ranks))
