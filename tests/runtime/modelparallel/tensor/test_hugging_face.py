"""Models of Hugging Face as models of smp.nn: losses, gradients and states are those of theirs."""

import pytest

pytest.importorskip("transformers")

MODELS = """
import copy, inspect
import transformers
import jupyter_sdt.runtime.modelparallel.tensor.marks as marks
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.tensor.hugging_face import translating
torch.manual_seed(0)
quiet = dict.fromkeys(("attn_pdrop", "resid_pdrop", "embd_pdrop", "attention_dropout",
    "resid_dropout", "embed_dropout", "hidden_dropout", "attention_probs_dropout_prob",
    "hidden_dropout_prob"), 0.0)
sizes = {"vocab_size": 11, "hidden_size": 16, "num_attention_heads": 4, "intermediate_size": 12,
    "num_hidden_layers": 2, "max_position_embeddings": 8}
heads = {k: v for k, v in sizes.items() if k not in ("num_hidden_layers", "num_attention_heads")}
CASES = {
    "gpt2": ("GPT2", "GPT2LMHeadModel", sizes | {"n_inner": 12}),
    "scaled": ("GPT2", "GPT2LMHeadModel", sizes | {
        "scale_attn_by_inverse_layer_idx": True, "tie_word_embeddings": False,
        "attn_implementation": "eager"}),
    "gptj": ("GPTJ", "GPTJForCausalLM", sizes | {"rotary_dim": 2}),
    "gptneo": ("GPTNeo", "GPTNeoForCausalLM", heads | {"num_layers": 2, "num_heads": 4,
        "attention_types": [[["global", "local"], 1]], "window_size": 2}),
    "gptneox": ("GPTNeoX", "GPTNeoXForCausalLM", sizes | {"rotary_pct": 0.5}),
    "sequential": ("GPTNeoX", "GPTNeoXForCausalLM", sizes | {
        "use_parallel_residual": False, "attention_bias": False, "rotary_pct": 1.0}),
    "bert": ("Bert", "BertForMaskedLM", sizes),
    "roberta": ("Roberta", "RobertaForMaskedLM", sizes | {"pad_token_id": 1}),
}
TRANSLATORS = {"gpt2": "GPT2", "scaled": "GPT2", "gptj": "GPTJ", "gptneo": "GPT_NEO",
    "gptneox": "GPT_NEOX", "sequential": "GPT_NEOX", "bert": "ENCODER", "roberta": "ENCODER"}

def attend_in_float64(self, query, key, value, attention_mask=None, head_mask=None):
    '''Theirs computes in float32 whatever it is given.'''
    scores = query @ key.transpose(-1, -2) / getattr(self, "scale_attn", 1.0)
    later = torch.ones(scores.shape[-2:]).triu(1).bool()
    if hasattr(self, "bias"):  # with the window of GPT-Neo's local layers
        later = ~self.bias[:, :, :later.shape[0], :later.shape[1]].bool()
    scores = scores.masked_fill(later, -1e300)
    if attention_mask is not None:
        scores = scores + attention_mask[..., :scores.shape[-1]]
    return scores.softmax(-1) @ value, None

for module, kind in (("gptj", "GPTJAttention"), ("gpt_neo", "GPTNeoSelfAttention")):
    modeling = __import__(f"transformers.models.{module}.modeling_{module}", fromlist=[kind])
    getattr(modeling, kind)._attn = attend_in_float64

def theirs(case):
    family, kind, settings = CASES[case]
    config = getattr(transformers, f"{family}Config")(**settings | quiet)
    return getattr(transformers, kind)(config).double()

def loss_of(found, labels, causal):
    '''Theirs computes losses in float32.'''
    logits = found.logits.double()
    if causal:
        logits, labels = logits[:, :-1], labels[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())

def wrapped(plain, **options):
    divided = copy.deepcopy(plain)
    marks.set_tensor_parallelism(divided, True, options)
    script.__init__()
    model = DistributedModel(divided)
    assert DistributedModel(divided) is model  # transformers wraps twice
    return model

def check(case):
    plain, causal = theirs(case), "Causal" in CASES[case][1] or "LMHead" in CASES[case][1]
    model = wrapped(plain)
    inner = model.get_module()
    layers = inner.transformer if causal else next(inner.children()).encoder
    assert type(layers.seq_layers[1]).__name__ == "DistributedTransformerLayer"
    words, mask = torch.randint(2, 11, (4, 6)), torch.ones(4, 6).long()
    mask[:, 4:] = 0
    for given in (None, mask):
        plain.zero_grad()
        model.zero_grad()
        expected = loss_of(plain(words, attention_mask=given), words, causal)
        expected.backward()
        own = None if given is None else mine(given)
        found = model(mine(words), attention_mask=own, labels=mine(words))
        loss = loss_of(found, mine(words), causal)
        torch.testing.assert_close(found["loss"].to(loss), loss, rtol=1e-6, atol=1e-6)
        model.backward(loss)
        # Older versions round logits of some models to float32.
        exact = plain(words).logits.dtype == torch.float64
        tolerance = {"rtol": 1e-7, "atol": 1e-9} if exact else {"rtol": 1e-4, "atol": 1e-6}
        torch.testing.assert_close(gathered(loss, None), expected.detach(), **tolerance)
        compare_gradients(plain, model, tolerance)
    return plain, model

def compare_gradients(plain, model, tolerance):
    to_theirs, from_theirs = script.module_manager.translate_functions[0]
    right = {n: p.grad for n, p in plain.named_parameters()}
    wholes = from_theirs(right)
    for name, parameter in model.named_parameters():
        got = gathered(parameter.grad, slice_of(parameter))
        torch.testing.assert_close(
            got, wholes[name], msg=lambda t: f"{name}: {t}", **tolerance)

def same(found, right):
    assert list(sorted(found)) == list(sorted(right)), set(found) ^ set(right)
    for name, value in right.items():
        assert torch.equal(found[name], value), name
"""


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
settings["add_cross_attention"] = True
crossing = transformers.GPT2LMHeadModel(transformers.GPT2Config(**settings))
model = wrapped(crossing.double())
assert type(model.get_module()) is transformers.GPT2LMHeadModel
assert list(model.state_dict()) == list(crossing.state_dict())
torch.testing.assert_close(model(mine(words)).logits, mine(crossing(words).logits))
frozen = theirs("gpt2").requires_grad_(False)
assert not any(p.requires_grad for p in wrapped(frozen).parameters())
frozen.lm_head.weight.requires_grad_()
assert type(wrapped(frozen).get_module()) is transformers.GPT2LMHeadModel
"""


def test_calls_options_and_what_is_replaced(tensor_ranks):
    tensor_ranks(MODELS + CALLS + PARTS, 2)
