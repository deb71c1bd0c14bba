"""Models of Hugging Face, as they are, in a pipeline."""

import importlib.util

import pytest

if importlib.util.find_spec("transformers") is None:
    pytest.skip("transformers is not installed", allow_module_level=True)

GPT2 = """
from transformers import GPT2Config, GPT2LMHeadModel
config = GPT2Config(n_layer=4, n_head=2, n_embd=16, vocab_size=40, n_positions=12,
                    resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
model = GPT2LMHeadModel(config)
stages = {f"transformer.h.{i}": i * size // 4 for i in range(4)}
tokens = torch.randint(0, 40, (8, 12))
mask = torch.ones_like(tokens)
mask[:, 9:] = 0
def loss_of(model, tokens, mask):
    return model(tokens, attention_mask=mask, labels=tokens).loss
compare(model, stages, loss_of, [tokens, mask], 4)
"""

T5 = """
from transformers import T5Config, T5ForConditionalGeneration
config = T5Config(num_layers=2, num_decoder_layers=2, num_heads=2, d_model=16, d_kv=8, d_ff=32,
                  vocab_size=40, dropout_rate=0.0, decoder_start_token_id=0)
model = T5ForConditionalGeneration(config)
stages = {"encoder.block.1": 1, "decoder": 1, "decoder.block.0": 0, "lm_head": 0}
stages["decoder.embed_tokens"] = 0
tokens = torch.randint(0, 40, (8, 10))
def loss_of(model, tokens):
    return model(input_ids=tokens, labels=tokens).loss
compare(model, stages, loss_of, [tokens], 4)
"""

BERT = """
from transformers import BertConfig, BertForSequenceClassification
config = BertConfig(num_hidden_layers=4, num_attention_heads=2, hidden_size=16,
                    intermediate_size=32, vocab_size=40, hidden_dropout_prob=0.0,
                    attention_probs_dropout_prob=0.0)
model = BertForSequenceClassification(config)
stages = {"bert.encoder.layer.2": 1, "bert.encoder.layer.3": 1, "bert.pooler": 1, "classifier": 1}
tokens, labels = torch.randint(0, 40, (8, 10)), torch.randint(0, 2, (8,))
def loss_of(model, tokens, labels):
    return model(input_ids=tokens, labels=labels).loss
compare(model, stages, loss_of, [tokens, labels], 4)
"""


def test_language_models(agree):
    agree(GPT2 + T5 + BERT, 2, timeout=150)
