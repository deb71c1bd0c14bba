"""Kinds of attention, parallel residuals and heads of words: as one process computes them."""

import pytest

WRITTEN_OUT = """
from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.tensor.rotary import Rotary
torch.manual_seed(0)
x, quiet = torch.randn(4, 5, 16), {"attention_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
sizes = {"num_attention_heads": 4, "attention_head_size": 6, "hidden_size": 16}
first = {"pre_layernorm": True, "post_layernorm": False}

def linear(w, name, t):
    return F.linear(t, w[f"{name}.weight"], w.get(f"{name}.bias"))

def norm(w, name, t):
    return F.layer_norm(t, (16,), w[f"{name}.weight"], w[f"{name}.bias"])

def seen(window=9):
    return torch.tensor([[0 <= i - j < window for j in range(5)] for i in range(5)])

def turned(t, neighbours, places):
    '''Features 0 to 3 of each head, pair by pair, with complex numbers.'''
    pairs = [(0, 1), (2, 3)] if neighbours else [(0, 2), (1, 3)]
    out = t.clone()
    for number, (a, b) in enumerate(pairs):
        angle = (places.float() * (1 / torch.tensor(10000.0) ** (number / 2)))[:, None]
        turn = torch.polar(torch.ones_like(angle), angle).to(torch.complex128)
        both = torch.complex(t[..., a], t[..., b]) * turn
        out[..., a], out[..., b] = both.real, both.imag
    return out

def update(w, normed, visible, bias=0.0, scale=6**-0.5, turn=lambda t: t):
    q, k, v = (linear(w, n, normed).unflatten(-1, (4, 6)).transpose(1, 2)
               for n in ("query", "key", "value"))
    q, k = (turn(t.transpose(1, 2)).transpose(1, 2) for t in (q, k))
    scores = (q @ k.transpose(-1, -2) * scale + bias).masked_fill(~visible, -1e30)
    return linear(w, "dense", (scores.softmax(-1) @ v).transpose(1, 2).flatten(2))

def attention(**kind):
    return lambda w, x: x + update(w, norm(w, "pre_layernorm", x), **{"visible": seen()} | kind)

class Given(nn.Module):
    def __init__(self, made, *others):
        super().__init__()
        self.made, self.others = made, others
    def forward(self, x):
        found = self.made((x, *self.others))
        return found if torch.is_tensor(found) else found[0]

def below(w, name):
    return {k.removeprefix(name + "."): v for k, v in w.items() if k.startswith(name + ".")}

def check(made, plain, *others):
    compare(Given(made, *(others or (None,))), lambda w, x: plain(below(w, "made"), x), [x])

def layer(**options):
    return DistributedAttentionLayer(**sizes, **quiet, **first, causal_mask_size=5, **options)
"""


@pytest.mark.parametrize("prescaled", [False, True])
def test_kinds_of_attention(tensor_ranks, prescaled):
    tensor_ranks(
        WRITTEN_OUT
        + """
distances = torch.arange(5)[:, None] - torch.arange(5)
biases = torch.stack([-distances * 2.0 ** (-8 * h / 4) for h in range(1, 5)])
check(layer(use_alibi=True), attention(bias=biases))
check(layer(window_size=2), attention(visible=seen(2)))
check(layer(scale_attention_scores=False, attention_in_fp32=True), attention(scale=1.0))
check(layer(scale_attn_by_layer_idx=True, layer_idx=2), attention(scale=6**-0.5 / 3))
check(layer(query_key_layer_scaling=True, layer_idx=2, flash_attention=True), attention())
places = torch.tensor([0, 1, 2, 4, 7])
for near in (False, True):
    rotary = Rotary(size=4, neighbours=near)
    turn = lambda t: turned(t, near, torch.arange(5))
    check(layer(rotary=rotary, qkv_bias=False, dense_bias=False), attention(turn=turn))
    turn = lambda t: turned(t, near, places)
    check(layer(rotary=rotary), attention(turn=turn), None, places[None].expand(len(mine(x)), -1))
refused(lambda: layer(use_alibbi=True), SpecError, "use_alibbi", "use_alibi")
""",
        2,
        prescaled_batch=prescaled,
    )


def test_parallel_residuals_and_windows_by_layer(tensor_ranks):
    tensor_ranks(
        WRITTEN_OUT
        + """
def output(w, normed):
    return linear(w, "dense2", F.gelu(linear(w, "dense1", normed)))

def parallel(w, x):
    a, o = below(w, "attention"), below(w, "output")
    mlp = output(o, norm(o, "pre_layernorm", x))
    return x + update(a, norm(a, "pre_layernorm", x), seen()) + mlp

def shared(w, x):
    normed = norm(w, "pre_layernorm", x)
    return x + update(below(w, "attention"), normed, seen()) + output(below(w, "output"), normed)

shape = {"causal_mask_size": 5, "intermediate_size": 12} | sizes | quiet | first
check(DistributedTransformerLayer(**shape, parallel_residual=True), parallel)
check(DistributedTransformerLayer(**shape, shared_layernorm=True), shared)
refused(lambda: DistributedTransformerLayer(**shape | {"post_layernorm": True},
    parallel_residual=True), SpecError, "post_layernorm=True")

def windows(w, x):
    for number, window in enumerate((None, 2, None)):
        one = below(w, f"seq_layers.{number}")
        a, o = below(one, "attention"), below(one, "output")
        x = x + update(a, norm(a, "pre_layernorm", x), seen(window or 9))
        x = x + output(o, norm(o, "pre_layernorm", x))
    return x
check(DistributedTransformer(3, window_sizes=(None, 2), **shape), windows)
""",
        2,
    )


def test_heads_of_words_and_embeddings(tensor_ranks):
    tensor_ranks(
        WRITTEN_OUT
        + """
words = torch.randint(11, (4, 5))
shape = {"intermediate_size": 12, "vocab_size": 11, "embedding_dropout_prob": 0.0} | sizes
shape |= quiet | first

class Logits(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.made = DistributedTransformerLMHead(0, **shape, **options)
    def forward(self, words):
        return self.made((words, None, words % 2, None, None))

def logits(head, types):
    def plain(w, words):
        w = below(w, "made")
        x = w["word_embedding.weight"][words] + w[types][words % 2]
        x = x + (w["position_embedding.weight"][:5] if "position_embedding.weight" in w else 0)
        return F.linear(norm(w, "layernorm", x), w[head], w.get("lm_head.bias"))
    return plain

own, tied, types = "lm_head.weight", "word_embedding.weight", "token_type_embedding.weight"
compare(Logits(num_token_types=2), logits(tied, types), [words])
free = {"tie_word_embeddings": False, "lm_head_bias": True, "num_positions": 0}
compare(Logits(**free), logits(own, tied), [words])
whole = Logits(**free, distribute_embedding=False)
assert whole.made.word_embedding.weight.shape == (11, 16)
compare(whole, logits(own, tied), [words])
""",
        2,
    )


def test_flash_attention_layers(tensor_ranks):
    tensor_ranks(
        WRITTEN_OUT
        + """
from jupyter_sdt.runtime.modelparallel.tensor.flash_attention import FlashAttentionLayer
qkv = torch.randn(2, 5, 3, 4, 6)
q, k, v = qkv.permute(2, 0, 3, 1, 4)
mask = torch.zeros(2, 1, 1, 5)
mask[0, ..., 3:] = -1e9

def expected(scale, mask=0.0, visible=torch.ones(5, 5).bool()):
    scores = (q @ k.transpose(-1, -2) * scale + mask).masked_fill(~visible, -1e30)
    return scores.softmax(-1) @ v

def layer(**options):
    return FlashAttentionLayer(attention_dropout_prob=0.0, **options)

torch.testing.assert_close(layer()(qkv, mask), expected(6**-0.5, mask))
torch.testing.assert_close(layer()(qkv, mask, causal=True), expected(6**-0.5, mask, seen()))
by_layer = layer(scale_attn_by_layer_idx=True, layer_idx=1, attention_head_size=6)
torch.testing.assert_close(by_layer(qkv), expected(6**-0.5 / 2))
torch.testing.assert_close(layer(scale=0.3)(qkv), expected(0.3))
torch.testing.assert_close(layer(scale_attention_scores=False)(qkv), expected(1.0))
far = -(torch.arange(5)[:, None] - torch.arange(5)).abs() * torch.tensor(
    [0.25, 0.0625, 2**-6, 2**-8])[:, None, None]
torch.testing.assert_close(layer(use_alibi=True)(qkv), expected(6**-0.5, far))
refused(lambda: layer(scale_attn_by_layer_idx=True), SpecError, "layer_idx=None")
refused(lambda: layer(attention_head_size=5)(qkv), SpecError, "heads of 6", "=5")
""",
        1,
    )
