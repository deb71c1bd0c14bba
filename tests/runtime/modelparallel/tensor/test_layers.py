"""Every module of smp.nn computes what one process does: values and all gradients, in float64."""

import pytest

ways = pytest.mark.parametrize("prescaled", [False, True])
LAYERS = """
torch.manual_seed(0)
x, mask = torch.randn(4, 5, 16), torch.zeros(4, 1, 1, 5)
mask[1, ..., 3:] = mask[2, ..., :1] = -1e4
cross, cross_mask = torch.randn(4, 3, 16), torch.zeros(4, 1, 1, 3)
quiet = {"attention_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
sizes = {"num_attention_heads": 4, "attention_head_size": 6, "hidden_size": 16}

def norm(w, name, t):
    key = f"{name}.weight"
    return F.layer_norm(t, (16,), w[key], w[f"{name}.bias"]) if key in w else t

def linear(w, name, t):
    return F.linear(t, w[f"{name}.weight"], w.get(f"{name}.bias"))

def below(w, name):
    return {k.removeprefix(name + "."): v for k, v in w.items() if k.startswith(name + ".")}

def attention(w, x, mask=None, context=None, causal=False):
    '''Written out, scores and all, for comparison.'''
    normed = norm(w, "pre_layernorm", x)
    context = normed if context is None else context
    q, k, v = (linear(w, n, t).unflatten(-1, (4, 6)).transpose(1, 2)
               for n, t in (("query", normed), ("key", context), ("value", context)))
    scores = q @ k.transpose(-1, -2) / 6 ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -1e9)
    scores = scores if mask is None else scores + mask
    mixed = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
    return norm(w, "layernorm", x + linear(w, "dense", mixed))

def output(w, x, activation=F.gelu):
    hidden = activation(linear(w, "dense1", norm(w, "pre_layernorm", x)))
    return norm(w, "layernorm", x + linear(w, "dense2", hidden))

def layer(w, x, mask=None, causal=False):
    return output(below(w, "output"), attention(below(w, "attention"), x, mask, causal=causal))
"""


@ways
@pytest.mark.parametrize("ranks", [2, 4])
def test_linear_and_embedding(tensor_ranks, ranks, prescaled):
    tensor_ranks(
        LAYERS
        + """
for bias in (True, False):
    plain = lambda w, x: F.linear(x, w["weight"], w.get("bias"))
    compare(DistributedLinear(16, 9, bias), plain, [x])
made = DistributedLinear(16, 9)
assert made.weight.shape == (9, 16 // peers.size)
words = torch.randint(11, (4, 5))
compare(DistributedEmbedding(11, 8), lambda w, i: F.embedding(i, w["weight"]), [words])
padded = DistributedEmbedding(11, 8, padding_idx=2)
assert not padded.weight[2].any()
compare(padded, lambda w, i: F.embedding(i, w["weight"], 2), [words])
from jupyter_sdt.errors import SpecError
refused(lambda: DistributedLinear(17, 3), SpecError, "in_features=17", "use 16 or")
refused(lambda: DistributedEmbedding(3, 9), SpecError, "embedding_dim=9")
refused(lambda: DistributedEmbedding(3, 8, max_norm=1.0), SpecError, "max_norm")
""",
        ranks,
        prescaled_batch=prescaled,
    )


@ways
@pytest.mark.parametrize("ranks", [2, 4])
def test_attention_and_output_layer(tensor_ranks, ranks, prescaled):
    tensor_ranks(
        LAYERS
        + """
class Tupled(nn.Module):
    def __init__(self, made):
        super().__init__()
        self.made = made
    def forward(self, *inputs):
        return self.made(inputs)

def tupled(made, plain, inputs):
    compare(Tupled(made), lambda w, *i: plain(below(w, "made"), *i), inputs)

for pre, post in ((False, True), (True, False), (True, True)):
    norms = {"pre_layernorm": pre, "post_layernorm": post}
    made = DistributedAttentionLayer(**sizes, **quiet, **norms)
    tupled(made, attention, [x, mask])
    made = DistributedTransformerOutputLayer(16, 12, 0.0, "relu", **norms)
    compare(made, lambda w, x: output(w, x, F.relu), [x])
causal = DistributedAttentionLayer(**sizes, **quiet, causal_mask_size=5)
tupled(causal, lambda w, x, m: attention(w, x, m, causal=True), [x, mask])
crossing = DistributedAttentionLayer(**sizes, **quiet, cross_attention=True)
tupled(crossing, lambda w, x, c, m: attention(w, x, m, c), [x, cross, cross_mask])
from jupyter_sdt.errors import SpecError
refused(lambda: DistributedAttentionLayer(**sizes | {"num_attention_heads": 5}), SpecError, "=5")
none = {"pre_layernorm": False, "post_layernorm": False}
refused(lambda: DistributedAttentionLayer(**sizes, **none), SpecError, "at least one")
refused(lambda: DistributedTransformerOutputLayer(16, activation="gelo"), SpecError, "'gelu'")
""",
        ranks,
        prescaled_batch=prescaled,
    )


@ways
@pytest.mark.parametrize("ranks", [2, 4])
def test_transformer_and_language_model(tensor_ranks, ranks, prescaled):
    tensor_ranks(
        LAYERS
        + """
shape = sizes | {"intermediate_size": 12, "causal_mask_size": 5} | quiet
norms = {"pre_layernorm": True, "post_layernorm": False}

class First(nn.Module):
    def __init__(self, made):
        super().__init__()
        self.made = made
    def forward(self, x):
        return self.made((x, None))[0]

def plain(w, x):
    for number in range(2):
        x = layer(below(w, f"made.seq_layers.{number}"), x, causal=True)
    return x
compare(First(DistributedTransformer(2, **shape, **norms)), plain, [x])
words, hidden = torch.randint(11, (4, 5)), torch.zeros(4, 5).long()
hidden[0, 4] = 1

class Losses(nn.Module):
    def __init__(self):
        super().__init__()
        self.made = DistributedTransformerLMHead(
            2, vocab_size=11, num_positions=8, embedding_dropout_prob=0.0, **shape, **norms)
    def forward(self, words, mask):
        loss, logits = self.made((words, mask, None, None, words))
        return loss.expand(len(words))

def losses(w, words, mask):
    w = below(w, "made")
    x = w["word_embedding.weight"][words] + w["position_embedding.weight"][:5]
    for number in range(2):
        added = mask[:, None, None] * -1e9
        x = layer(below(w, f"transformer.seq_layers.{number}"), x, added, causal=True)
    logits = norm(w, "layernorm", x) @ w["word_embedding.weight"].T
    parts = 1 if prescaled else peers.size
    def mean(logits, words):
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), words[:, 1:].flatten())
    pairs = zip(logits.chunk(parts), words.chunk(parts))
    return torch.cat([mean(*pair).expand(len(pair[1])) for pair in pairs])
compare(Losses(), losses, [words, hidden])
""",
        ranks,
        prescaled_batch=prescaled,
    )


def test_peers_drop_different_attention_and_the_same_features(tensor_ranks):
    tensor_ranks(
        LAYERS
        + """
torch.manual_seed(1)
made = DistributedAttentionLayer(**sizes, hidden_dropout_prob=0.5, attention_dropout_prob=0.5)
state = torch.get_rng_state()
first = made((x, mask))
torch.set_rng_state(state)
assert torch.equal(first, made((x, mask)))  # as a recomputed checkpoint needs it
torch.testing.assert_close(gathered(first, None), first)  # peers of one batch stay alike
from jupyter_sdt.runtime.modelparallel.tensor.randomness import own_randomness
with own_randomness(made.peers, x.device, needed=True):
    drawn = torch.rand(3)
assert not torch.allclose(gathered(drawn, None), drawn)
drawn = torch.rand(3)
torch.testing.assert_close(gathered(drawn, None), drawn)
""",
        2,
        prescaled_batch=True,
    )
