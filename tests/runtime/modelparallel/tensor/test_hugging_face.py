"""Models of Hugging Face as models of smp.nn: losses, gradients and states are those of theirs."""

import pytest
from runtime.modelparallel.tensor.transformers_models import MODELS

pytest.importorskip("transformers")


@pytest.mark.parametrize(
    ("ranks", "prescaled"), [(2, False), (2, True), (4, False)], ids=["2", "2-prescaled", "4"]
)
def test_losses_and_gradients_are_theirs(tensor_ranks, ranks, prescaled):
    body = """
for case in CASES:
    try:
        plain, model = check(case)
        whole = model.state_dict()
        to_theirs, from_theirs = script.module_manager.translate_functions[0]
        same(to_theirs(whole), plain.state_dict())
        same(from_theirs(plain.state_dict()), whole)
        known = getattr(translating, TRANSLATORS[case])
        same(known.to_theirs(whole, 8), plain.state_dict())
        same(known.from_theirs(plain.state_dict()), whole)
        halves = {name: value.half() for name, value in plain.state_dict().items()}
        same(known.to_theirs(known.from_theirs(halves), 8), halves)
    except BaseException as error:
        raise AssertionError(f"{case}: {error}") from error
"""
    tensor_ranks(MODELS + body, ranks, prescaled_batch=prescaled)


CHECKPOINTS = """
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)

def read(tag):
    return torch.load(f"{path}/{tag}", weights_only=True) if rank == 0 else None

plain = theirs("gptneox")
model = wrapped(plain)
save_checkpoint(path, "theirs", partial=False, model=model)
save_checkpoint(path, "ours", partial=False, model=model, translate_if_full=False)
if rank == 0:
    same(read("theirs"), plain.state_dict())
    assert "transformer.seq_layers.1.attention.key.weight" in read("ours")
script.__init__()
again = wrapped(theirs("gptneox"))
own = translating.GPT_NEOX.from_theirs
for translate in (None, own):
    for parameter in again.parameters():
        parameter.data.zero_()
    resume_from_checkpoint(
        path, "theirs", partial=False, load_optimizer=False, translate_function=translate)
    for mine_again, right in zip(again.parameters(), model.parameters(), strict=True):
        assert torch.equal(mine_again, right)
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_full_checkpoints_have_their_names_or_ours(tensor_ranks, tmp_path, ranks):
    tensor_ranks(MODELS + f"path = {str(tmp_path)!r}" + CHECKPOINTS, ranks)


CALLS = """
from jupyter_sdt.errors import SpecError
words, types = torch.randint(2, 11, (4, 6)), torch.randint(2, (4, 6))
places = torch.tensor([0, 1, 2, 4, 6, 7])[None]
for case in ("gpt2", "gptj"):
    plain = theirs(case)
    model = wrapped(plain)
    more = {"token_type_ids": types} if case == "gpt2" else {}
    right = plain(words, position_ids=places, **more).logits
    more = {"token_type_ids": mine(types)} if case == "gpt2" else {}
    found = model(mine(words), position_ids=places, **more).logits
    torch.testing.assert_close(found.to(right.dtype), mine(right))
    loss, logits = model(mine(words), labels=mine(words), return_dict=False)
    counted = model(mine(words), labels=mine(words), num_items_in_batch=7).loss
    torch.testing.assert_close(counted, loss * len(mine(words)) * 5 / 7)
    for name, value in (("past_key_values", ()), ("output_attentions", True),
            ("inputs_embeds", torch.ones(2, 6, 16)), ("attention_mask", torch.ones(2, 1, 6, 6))):
        refused(lambda: model(mine(words), **{name: value}), SpecError, name)
with marks.tensor_parallelism(True, {"use_alibi": True, "fused_softmax": True}):
    free = theirs("gpt2")
script.__init__()
model = DistributedModel(free)
assert model.get_module().position_embedding is None
script.__init__()
refused(lambda: translating.GPT_NEOX.from_theirs(theirs("gptneox").state_dict()), SpecError,
    "num_attention_heads")
"""
PARTS = """
settings = CASES["gpt2"][2] | quiet
plain = transformers.GPT2ForSequenceClassification(
    transformers.GPT2Config(**settings, pad_token_id=0)).double()
model = wrapped(plain)
assert type(model.get_module()).__name__ == "GPT2ForSequenceClassification"
torch.testing.assert_close(model(mine(words)).logits, mine(plain(words).logits))
whole = model.state_dict()
assert "transformer.transformer.seq_layers.0.attention.query.weight" in whole
for to_theirs in (script.module_manager.translate_functions[0][0], translating.GPT2.to_theirs):
    same(to_theirs(whole), plain.state_dict())
frozen = theirs("gpt2").requires_grad_(False)
assert not any(p.requires_grad for p in wrapped(frozen).parameters())
frozen.lm_head.weight.requires_grad_()
assert type(wrapped(frozen).get_module()) is transformers.GPT2LMHeadModel
"""


def test_calls_options_and_what_is_replaced(tensor_ranks):
    tensor_ranks(MODELS + CALLS + PARTS, 2)
