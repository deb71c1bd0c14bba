"""Context parallelism: parts of sequences give the loss and the gradients of whole ones."""

import pytest

BODY = """
from torch.sagemaker.context_parallel.utils import get_batch_for_cp_rank
from jupyter_sdt.errors import SpecError

def compare(kind, padded=False, **more):
    plain = make(kind, **more)
    model = tsm.transform(copy.deepcopy(plain))
    generator = torch.Generator().manual_seed(1)
    words = torch.randint(17, (4, 16), generator=generator)
    labels = words.masked_fill(torch.rand(words.shape, generator=generator) < 0.3, -100)
    mask = torch.ones_like(words)
    if padded:
        mask[0, 10:], labels[0, 10:] = 0, -100
        mask[1, :3], labels[1, :4] = 0, -100
    rows = slice(None) if s.dp_size == 1 else slice(2 * s.dp_rank, 2 * s.dp_rank + 2)
    asked = {"input_ids": words, "labels": labels} | ({"attention_mask": mask} if padded else {})
    asked = {name: value[rows] for name, value in asked.items()}
    expected = plain(**asked).loss
    mine = dict(zip(asked, get_batch_for_cp_rank(asked.values())))
    assert mine["input_ids"].shape == (len(asked["labels"]), 16 // s.cp_size)
    loss = model(**mine).loss
    torch.testing.assert_close(loss, expected)
    # In float64, where transformers computes losses in float32; and so to rounding.
    asked.pop("labels")
    following = F.pad(labels[rows, 1:], (0, 1), value=-100)
    right = F.cross_entropy(plain(**asked).logits.flatten(0, 1), following.flatten())
    asked["labels"] = following
    mine = dict(zip(asked, get_batch_for_cp_rank(asked.values())))
    following, count = mine.pop("labels"), (following != -100).sum()
    logits = model(**mine).logits.flatten(0, 1)
    found = F.cross_entropy(logits, following.flatten(), reduction="sum") / count * s.cp_size
    right.backward(), found.backward()
    tolerance = dict(rtol=1e-5, atol=1e-7) if kind == "Mixtral" else {}
    for name, parameter in model.named_parameters():
        # What FSDP would do: the mean over all ranks with this part of the layers.
        dist.all_reduce(parameter.grad, group=here.groups.data.process_group)
        expected = plain.get_parameter(name).grad
        dist.all_reduce(expected, group=s.dp_process_group)
        torch.testing.assert_close(
            parameter.grad / here.groups.data.size, own(expected / s.dp_size, name),
            **tolerance, msg=lambda t: f"{kind} {name}: {t}")

s = tsm.state
for kind in KINDS:
    compare(kind)
compare("Llama", padded=True)
compare("Mistral", padded=True, num_hidden_layers=1)

# Logits in float64, to rounding; a loss of one's own; positions that are given.
plain = make("Llama")
model = tsm.transform(copy.deepcopy(plain))
words = torch.randint(17, (2, 16), generator=torch.Generator().manual_seed(2))
(mine,) = get_batch_for_cp_rank([words])
(right,) = get_batch_for_cp_rank([plain(input_ids=words).logits])
torch.testing.assert_close(model(mine).logits, right)
torch.testing.assert_close(model.model(mine).last_hidden_state @ model.lm_head.weight.T, right)
(places,) = get_batch_for_cp_rank([torch.arange(16)[None] + 3])
(right,) = get_batch_for_cp_rank([plain(words, position_ids=torch.arange(16)[None] + 3).logits])
torch.testing.assert_close(model(mine, position_ids=places).logits, right)
assert get_batch_for_cp_rank([None]) == [None]
refused(lambda: get_batch_for_cp_rank([words[:, :7]]), SpecError, "7 positions", "use 4 or 8")
refused(lambda: model(words[:, :7]), SpecError, "7 positions", "get_batch_for_cp_rank")
refused(lambda: tsm.transform(torch.nn.Linear(1, 1)), SpecError, "Linear", "=2 ")
"""
TRAINING = """
from torch.sagemaker.context_parallel.utils import get_batch_for_cp_rank
from torch.sagemaker.grad_norm import clip_grad_norm_
plain = make("Llama")
model = wrapped(tsm.transform(copy.deepcopy(plain)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
reference = torch.optim.SGD(plain.parameters(), lr=0.5)
for words, mine in batches(5):
    expected = sum(plain(input_ids=b, labels=b).loss for b in words.chunk(tsm.state.dp_size))
    (part,) = get_batch_for_cp_rank([mine])
    loss = model(input_ids=part, labels=part).loss
    (expected / tsm.state.dp_size).backward(), loss.backward()
    total = loss.detach().clone()
    dist.all_reduce(total, group=tsm.state.dp_process_group)
    torch.testing.assert_close(total, expected.detach(), rtol=1e-5, atol=1e-6)
    right = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
    torch.testing.assert_close(clip_grad_norm_(model, 0.1), right, rtol=1e-5, atol=1e-7)
    for each in (optimizer, reference):
        each.step(), each.zero_grad()
check_weights(model, plain, rtol=1e-4, atol=1e-6)
"""


def test_parts_of_sequences_give_the_loss_and_gradients_of_whole_ones(hybrid_ranks):
    hybrid_ranks(BODY, 2, context_parallel_degree=2)


@pytest.mark.timeout(300)
def test_context_peers_work_with_tensor_peers_and_shards(hybrid_ranks):
    hybrid_ranks(BODY, 4, context_parallel_degree=2, tensor_parallel_degree=2)
    hybrid_ranks(TRAINING, 4, context_parallel_degree=2, hybrid_shard_degree=2)
