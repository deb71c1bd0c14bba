"""Attention to another sequence among tensor peers: GPT-2 and BERT as decoders, and T5."""

import pytest
from runtime.modelparallel.tensor.transformers_models import MODELS

pytest.importorskip("transformers")

CROSSING = """
CASES["gpt2"][2].update(add_cross_attention=True, scale_attn_by_inverse_layer_idx=True)
CASES["bert"] = ("Bert", "BertLMHeadModel", sizes | {
    "is_decoder": True, "add_cross_attention": True, "use_cache": False})
words, states, mask = torch.randint(2, 11, (4, 6)), torch.randn(4, 3, 16), torch.ones(4, 3).long()
mask[:, 2:] = 0
for case in ("gpt2", "bert"):
    plain = theirs(case)
    for divide in (wrapped, in_place):
        divided = divide(plain)
        to_theirs, from_theirs = (script.module_manager.translate_functions or [(dict, dict)])[0]
        same(to_theirs(divided.state_dict()), plain.state_dict())
        for given in (None, mask):
            plain.zero_grad(), divided.zero_grad()
            asked = {"encoder_hidden_states": states, "encoder_attention_mask": given}
            own = {n: v if v is None else mine(v) for n, v in asked.items()}
            expected = loss_of(plain(words, **asked), words, True)
            loss = loss_of(divided(mine(words), **own), mine(words), True)
            torch.testing.assert_close(gathered(loss, None), expected.detach())
            expected.backward(), divided.backward(loss)
            wholes = from_theirs({n: p.grad for n, p in plain.named_parameters()})
            for name, parameter in divided.named_parameters():
                got = gathered(parameter.grad, slice_of(parameter))
                torch.testing.assert_close(got, wholes[name], msg=lambda t: f"{name}: {t}")
        # Without anything to attend to, that attention is left out.
        torch.testing.assert_close(divided(mine(words)).logits, mine(plain(words).logits))
        parts = [slice_of(p) for n, p in divided.named_parameters() if "cross" in n]
        assert len([part for part in parts if part is not None]) >= 8, (case, divide, parts)
"""
IN_PLACE = """
def in_place(plain):
    divided = copy.deepcopy(plain)
    marks.set_tensor_parallelism(divided)
    script.__init__()
    return DistributedModel(divided)
"""


@pytest.mark.parametrize("prescaled", [False, True])
def test_cross_attention_is_divided_in_models_of_smp_nn_and_in_place(tensor_ranks, prescaled):
    tensor_ranks(MODELS + IN_PLACE + CROSSING, 2, prescaled_batch=prescaled)


T5 = """
settings = dict(vocab_size=11, d_model=16, d_kv=4, d_ff=12, num_layers=2, num_heads=4,
    dropout_rate=0.0, decoder_start_token_id=0, use_cache=False, relative_attention_num_buckets=8)
words, mask = torch.randint(2, 11, (4, 6)), torch.ones(4, 6).long()
mask[:, 4:] = 0
later = torch.randint(2, 11, (4, 5))
for act in ("relu", "gated-gelu"):
    config = transformers.T5Config(**settings, feed_forward_proj=act)
    plain = transformers.T5ForConditionalGeneration(config).double()
    model = in_place(plain)
    same(model.state_dict(), plain.state_dict())
    for given in (None, mask):
        plain.zero_grad(), model.zero_grad()
        own = None if given is None else mine(given)
        expected = loss_of(plain(words, given, later), later, False)
        found = model(mine(words), own, mine(later))
        loss = loss_of(found, mine(later), False)
        torch.testing.assert_close(gathered(loss, None), expected.detach())
        expected.backward(), model.backward(loss)
        for name, parameter in model.named_parameters():
            got, right = gathered(parameter.grad, slice_of(parameter)), plain.get_parameter(name)
            torch.testing.assert_close(got, right.grad, msg=lambda t: f"{name}: {t}")
    layer = model.get_module().decoder.block[0].layer
    assert layer[1].EncDecAttention.q.weight.shape == (16 // peers.size, 16)
    assert layer[0].SelfAttention.relative_attention_bias.weight.shape == (8, 4 // peers.size)
    assert layer[2].DenseReluDense.wo.weight.shape == (16, 12 // peers.size)
"""


@pytest.mark.parametrize(("ranks", "prescaled"), [(2, False), (2, True), (4, False)])
def test_t5_is_divided_by_heads_and_features_in_place(tensor_ranks, ranks, prescaled):
    tensor_ranks(MODELS + IN_PLACE + T5, ranks, prescaled_batch=prescaled)
