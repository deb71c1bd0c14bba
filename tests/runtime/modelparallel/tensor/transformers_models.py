"""Models of transformers, and those of smp.nn that take their place, in ranks of tests."""

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
