"""Ten steps of combined parallelism are those of one process, and go on from a checkpoint."""

import pytest

pytest.importorskip("transformers")

MODELS = """
import transformers
small = {"vocab_size": 11, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 12,
    "num_hidden_layers": 3, "max_position_embeddings": 8, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0}

class Bert(torch.nn.Module):
    '''Returns logits: losses are ours, for theirs are computed in float32.'''
    def __init__(self):
        super().__init__()
        self.bert = transformers.BertForMaskedLM(transformers.BertConfig(**small)).double()
    def forward(self, words):
        return self.bert(input_ids=words).logits

class GPT2(torch.nn.Module):
    def __init__(self):
        super().__init__()
        config = transformers.GPT2Config(vocab_size=11, n_embd=16, n_layer=2, n_head=2,
            n_positions=8, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False)
        self.gpt2 = transformers.GPT2LMHeadModel(config).double()
    def forward(self, words):
        return self.gpt2(input_ids=words).logits

class GPT2(torch.nn.Module):
    '''All of it is replaced; its head, tied to the words, takes what another stage computed.'''
    def __init__(self):
        super().__init__()
        config = transformers.GPT2Config(vocab_size=11, n_positions=8, n_embd=16, n_layer=2,
            n_head=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False)
        self.gpt2 = transformers.GPT2LMHeadModel(config).double()
    def forward(self, words):
        return self.gpt2(input_ids=words)[0]

class T5(torch.nn.Module):
    def __init__(self):
        super().__init__()
        config = transformers.T5Config(vocab_size=11, d_model=16, d_kv=8, d_ff=12, num_layers=2,
            num_heads=2, dropout_rate=0.0, decoder_start_token_id=0, use_cache=False)
        self.t5 = transformers.T5ForConditionalGeneration(config).double()
    def forward(self, words):
        return self.t5(input_ids=words, decoder_input_ids=words).logits
"""
TRAINING = """
plain = KIND()
model, optimizer = parallel(plain)
right = torch.optim.Adam(plain.parameters(), lr=0.01)

@step
def train_step(model, words):
    logits = model(words)
    loss = F.cross_entropy(logits.flatten(0, 1), words.flatten())
    model.backward(loss)
    return loss

def train(steps, plain=None):
    for _ in range(steps):
        words = torch.randint(2, 11, (4 * data.size, 6))
        optimizer.zero_grad()
        train_step(model, words.chunk(data.size)[data.rank])
        optimizer.step()
        if plain is not None:
            right.zero_grad()
            F.cross_entropy(plain(words).flatten(0, 1), words.flatten()).backward()
            right.step()

train(5, plain)
save_checkpoint(path, "five", model=model, optimizer=optimizer)
middle = torch.get_rng_state()
train(5, plain)
close(model, plain, rtol=1e-7, atol=1e-9)
uninterrupted = [p.detach().clone() for p in model.local_parameters()]
model, optimizer = parallel(KIND())
resume_from_checkpoint(path, "five")
torch.set_rng_state(middle)
train(5)
for again, first in zip(model.local_parameters(), uninterrupted, strict=True):
    # Stages add up gradients in the order they come.
    torch.testing.assert_close(again, first, rtol=1e-9, atol=1e-11)
assert any("Distributed" in type(m).__name__ for m in model.get_module().modules())
"""


@pytest.mark.parametrize("kind", ["Bert", "T5", "GPT2"])
def test_stages_of_tensor_peers(together, tmp_path, kind):
    path = f"path = {str(tmp_path / 'checkpoints')!r}"
    parameters = {"partitions": 2, "microbatches": 2, "skip_tracing": True}
    together(MODELS + path + TRAINING.replace("KIND", kind), 4, parameters)


def test_slices_with_sharded_data_parallelism(together, tmp_path):
    path = f"path = {str(tmp_path / 'checkpoints')!r}"
    parameters = {
        "sharded_data_parallel_degree": 2,
        "sdp_param_persistence_threshold": 50,  # the head's slices are divided, too
        "sdp_gradient_clipping": 1e9,
    }
    body = TRAINING.replace("local_parameters()", "get_module().parameters()").replace(
        "p.detach().clone()", "p.ds_tensor.detach().clone()"
    )
    body = body.replace("assert_close(again, first", "assert_close(again.ds_tensor.detach(), first")
    together(MODELS + path + body.replace("KIND", "GPT2"), 4, parameters)
