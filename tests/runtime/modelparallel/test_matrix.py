"""Parallel equals plain: every model under every division, ten steps, and on from a checkpoint.

| model | pp 2, pp 4, pp 2 x dp 2 | sharded 2 and 4 | tp 2, tp 4, pp 2 x tp 2 | tp 2 x sharded 2 |
|---|---|---|---|---|
| GPT-2, BERT, T5, skip connections | here | here | here | here |
| control flow that depends on data | here | here, * | here, * | here, * |

(*) with one batch for all ranks that gather layers together, or divide them: they must call the
same ones, so that each rank's own data cannot decide. Models of smp.nn in place of transformers'
are in tensor/ and combined/. float64 agrees to rounding; float32, on two models of each cell,
within 1e-4 of the largest gradient.
"""

import pytest

pytest.importorskip("transformers")

MODELS = """
import transformers
bert = {"vocab_size": 11, "hidden_size": 16, "num_attention_heads": 4, "intermediate_size": 12,
    "num_hidden_layers": 4, "max_position_embeddings": 8, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0}
gpt2 = {"vocab_size": 11, "n_positions": 8, "n_embd": 16, "n_layer": 4, "n_head": 4,
    "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "use_cache": False}
t5 = {"vocab_size": 11, "d_model": 16, "d_kv": 4, "d_ff": 12, "num_layers": 2, "num_heads": 4,
    "dropout_rate": 0.0, "decoder_start_token_id": 0, "use_cache": False}

class Bert(nn.Module):
    '''These return logits: the losses of transformers are computed in float32.'''
    def __init__(self):
        super().__init__()
        self.inner = transformers.BertForMaskedLM(transformers.BertConfig(**bert))
    def forward(self, words):
        return self.inner(input_ids=words).logits

class GPT2(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = transformers.GPT2LMHeadModel(transformers.GPT2Config(**gpt2))
    def forward(self, words):
        return self.inner(input_ids=words).logits

class T5(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = transformers.T5ForConditionalGeneration(transformers.T5Config(**t5))
    def forward(self, words):
        return self.inner(input_ids=words, decoder_input_ids=words).logits

class Block(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.inner, self.outer = nn.Linear(width, 12), nn.Linear(12, width)
    def forward(self, x):
        return self.outer(torch.tanh(self.inner(x)))

class Skips(nn.Module):
    '''What a block returns reaches later ones, too, and two branches meet.'''
    def __init__(self):
        super().__init__()
        self.words, self.blocks = nn.Embedding(11, 8), nn.ModuleList(Block() for _ in range(6))
        self.head = nn.Linear(8, 11)
    def forward(self, words):
        x = self.words(words)
        first = self.blocks[0](x)
        second, third = self.blocks[1](first) + x, self.blocks[2](first)
        fourth = self.blocks[3](second * third + first)
        return self.head(self.blocks[5](self.blocks[4](fourth) + second) + x)

class Loops(nn.Module):
    '''How often which block is called depends on what the others returned.'''
    def __init__(self):
        super().__init__()
        self.words, self.blocks = nn.Embedding(11, 8), nn.ModuleList(Block() for _ in range(4))
        self.head = nn.Linear(8, 11)
    def forward(self, words):
        x, rounds = self.words(words), 0
        while x.abs().mean() > 0.1 and rounds < 6:
            x = self.blocks[rounds % 4](x) * 0.9
            rounds += 1 + int(x[0, 0, 0] > 0)
        return self.head(x)
"""
BODY = """
import copy
from torch import nn
from torch.nn import functional as F
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.script_state import state as script
from jupyter_sdt.runtime.modelparallel.step import step
from jupyter_sdt.runtime.modelparallel.tensor.marks import set_tensor_parallelism
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

EXACT = {"rtol": 1e-7, "atol": 1e-9}

@step
def train_step(model, words):
    loss = F.cross_entropy(model(words).flatten(0, 1), words.flatten())
    model.backward(loss)
    return loss

def wrapped(plain):
    script.__init__()
    divided = copy.deepcopy(plain)
    set_tensor_parallelism(divided, peers.size > 1)
    model = DistributedModel(divided)
    return model, DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=0.01))

def batch(number):
    generator = torch.Generator().manual_seed(number)
    count = 1 if alike else data.size
    rows = torch.randint(11, (2 * parts * count, 6), generator=generator)
    return rows.repeat(data.size // count, 1)

def mine(number):
    return batch(number).chunk(data.size)[data.rank]

def plain_step(plain, number):
    '''Microbatch by microbatch, as data may decide what is called.'''
    losses = []
    for words in batch(number).chunk(parts * data.size):
        loss = F.cross_entropy(plain(words).flatten(0, 1), words.flatten())
        (loss / parts / data.size).backward()
        losses.append(loss.detach())
    return torch.stack(losses).view(data.size, parts)[data.rank].mean()

def whole(tensor):
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor

def own(right, parameter):
    part = slice_of(parameter)
    return right if part is None else part.of(right, peers.rank, peers.size)

def check_gradients(model, plain, **tolerance):
    for name, parameter in model.local_named_parameters():
        right = plain.get_parameter(name).grad
        assert (parameter.grad is None) == (right is None), name
        if right is not None:
            found = whole(parameter.grad)
            if here.parameters.sharded and peers.size > 1 and slice_of(parameter) is None:
                # Shards meet those of other tensor peers in the optimizer.
                found = found.clone()
                dist.all_reduce(found, group=peers.process_group)
                found /= peers.size
            torch.testing.assert_close(
                found, own(right, parameter), msg=lambda t: f"{name}: {t}", **tolerance)

def compare(kind):
    '''Ten steps beside one process, and steps 6 to 10 again, from a checkpoint.'''
    torch.manual_seed(0)
    plain = kind().double()
    start = copy.deepcopy(plain)
    model, optimizer = wrapped(plain)
    right = torch.optim.Adam(plain.parameters(), lr=0.01)
    for number in range(10):
        optimizer.zero_grad()
        right.zero_grad()
        loss = train_step(model, mine(number)).reduce_mean()
        torch.testing.assert_close(loss, plain_step(plain, number), **EXACT)
        check_gradients(model, plain, **EXACT)
        optimizer.step()
        right.step()
        if number == 4:
            save_checkpoint(path, kind.__name__, model=model, optimizer=optimizer)
    model, optimizer = wrapped(start)
    resume_from_checkpoint(path, kind.__name__)
    for number in range(5, 10):
        optimizer.zero_grad()
        train_step(model, mine(number))
        optimizer.step()
    for name, parameter in model.local_named_parameters():
        right = own(plain.get_parameter(name).detach(), parameter)
        torch.testing.assert_close(whole(parameter.detach()), right, **EXACT)
    parts = sum(slice_of(p) is not None for _, p in model.local_named_parameters())
    assert bool(parts) == (peers.size > 1), parts

def compare_float32(kind):
    torch.manual_seed(0)
    plain = kind().float()
    model, _ = wrapped(plain)
    for number in range(2):
        plain.zero_grad()
        model.zero_grad()
        train_step(model, mine(number))
        plain_step(plain, number)
        largest = max(float(p.grad.abs().max()) for p in plain.parameters() if p.grad is not None)
        check_gradients(model, plain, rtol=0, atol=1e-4 * largest)

for place, asked in enumerate(cells):
    print("cell", asked, flush=True)
    world._world = None  # one job for all of them: starting and importing takes longest
    here = world.start(parameters.Parameters.from_mapping(asked))
    prescaled, peers = here.parameters.prescaled_batch, here.group("tp")
    data, parts = here.group("rdp" if prescaled else "dp"), here.parameters.microbatches
    kinds = (Loops,) if prescaled else (GPT2, Bert, T5, Skips, Loops)
    for number, kind in enumerate(kinds):
        alike = kind is Loops and (peers.size > 1 or here.parameters.sharded)
        compare(kind)
        if number in (0, (place + len(cells)) % len(kinds)):
            compare_float32(kind)
"""
SHARDED = {"ddp": True, "sdp_param_persistence_threshold": 30, "sdp_gradient_clipping": 1e9}
TENSOR = {"tensor_parallel_degree": 2, "ddp": True}
CELLS = {
    2: [
        {"partitions": 2, "microbatches": 4},
        {"sharded_data_parallel_degree": 2, "microbatches": 2, **SHARDED},
        TENSOR | {"microbatches": 2},
        TENSOR | {"prescaled_batch": True},
    ],
    4: [
        {"partitions": 4, "microbatches": 4},
        {"partitions": 2, "microbatches": 2, "ddp": True},
        TENSOR | {"tensor_parallel_degree": 4},
        TENSOR | {"tensor_parallel_degree": 4, "prescaled_batch": True},
        TENSOR | {"partitions": 2, "microbatches": 2},
        TENSOR | {"partitions": 2, "microbatches": 2, "prescaled_batch": True},
        {"sharded_data_parallel_degree": 4, "microbatches": 2, **SHARDED},
        TENSOR | {"sharded_data_parallel_degree": 2, **SHARDED},
    ],
}


@pytest.mark.slow
@pytest.mark.timeout(500)  # on machines that may be busy
@pytest.mark.parametrize("ranks", CELLS)
def test_parallel_equals_plain(mp_ranks, tmp_path, ranks):
    begin = f"from torch import nn\npath = {str(tmp_path / 'checkpoints')!r}\n{MODELS}"
    mp_ranks(f"{begin}\ncells = {CELLS[ranks]}\n{BODY}", ranks, CELLS[ranks][0], timeout=400)
