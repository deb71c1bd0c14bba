"""The same training loop for any distribution, in scripts that know no SageMaker."""

import json

import pytest

TRAINING = """
import copy, os, torch
from torch import nn
from jupyter_sdt.runtime import DistributedModel, init, load_checkpoint, save_checkpoint, shutdown

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.mlp = nn.LayerNorm(width), nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
    def forward(self, hidden):
        return hidden + self.mlp(self.norm(hidden))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(17, 8)
        self.blocks = nn.ModuleList(Block(8) for _ in range(4))
        self.head = nn.Linear(8, 17, bias=False)
        self.head.weight = self.words.weight
    def forward(self, words):
        hidden = self.words(words)
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(hidden)

def loss_of(logits, words):
    return nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), words[:, 1:].flatten())

def train_step(words):
    logits = model(words)
    return loss_of(logits, words), logits.argmax(-1)

torch.manual_seed(0)
plain = Net().double()
batches = [torch.randint(17, (8, 5)) for _ in range(6)]
context = init()
mine = slice(context.data_share, None, context.data_shares)
model = DistributedModel(copy.deepcopy(plain), context)
optimizer = model.with_optimizer(torch.optim.AdamW(model.parameters(), lr=0.05))
reference = torch.optim.AdamW(plain.parameters(), lr=0.05)
"""

COMPARE = """
class Clipping:
    def __init__(self, module):
        self.module = module
    def clip_grad_norm_(self, largest):
        return nn.utils.clip_grad_norm_(self.module.parameters(), largest)

for batch in batches:
    loss, answers = model.train_step(train_step, batch[mine])
    expected = loss_of(plain(batch), batch)
    expected.backward()
    if context.data_shares == 1:
        torch.testing.assert_close(loss, expected.detach())
        assert answers.shape == batch.shape
    held = [name for name, parameter in model.named_parameters() if parameter.numel()]
    for name in held:
        found, theirs = model.get_parameter(name).grad, plain.get_parameter(name).grad
        found = found.full_tensor() if hasattr(found, "full_tensor") else found
        torch.testing.assert_close(found, theirs)
    norm, right = (m.clip_grad_norm_(1e9) for m in (model, Clipping(plain)))
    torch.testing.assert_close(norm.double(), right, check_device=False, rtol=1e-6, atol=0)
    optimizer.step()
    reference.step()
    optimizer.zero_grad()
    reference.zero_grad()
mean = model.evaluate_step(lambda words: loss_of(model(words), words), batches[0][mine])
assert not mean.requires_grad
expected = loss_of(plain(batches[0][mine]), batches[0][mine])
torch.testing.assert_close(mean, expected.detach())
state = model.state_dict()
assert state.keys() == plain.state_dict().keys()
torch.testing.assert_close(dict(state), dict(plain.state_dict()))
print(len(held), sorted(held)[:2])
shutdown()
"""
SHARD = {"sharded_data_parallel_degree": 2, "microbatches": 2, "ddp": True}
SHARD["sdp_param_persistence_threshold"] = 20
PIPELINE = {"pipeline_parallel_degree": 2, "microbatches": 2, "ddp": True}


@pytest.fixture
def train(mp_ranks):
    """Run a body after the common beginning on ranks that have these parameters."""

    def run(body, ranks, parameters=None):
        environment = {} if parameters is None else {"SM_HP_MP_PARAMETERS": json.dumps(parameters)}
        return mp_ranks(body, ranks, prelude=TRAINING, environment=environment, timeout=120)

    return run


@pytest.mark.parametrize(
    ("ranks", "parameters"),
    [
        (1, None),
        (2, None),
        (2, {"microbatches": 2}),
        (2, SHARD),
        (2, PIPELINE),
        (4, PIPELINE),
        (4, {**PIPELINE, "pipeline_parallel_degree": 4, "microbatches": 4, "pipeline": "simple"}),
    ],
)
def test_losses_gradients_and_weights_are_those_of_one_process(train, ranks, parameters):
    job = train(COMPARE, ranks, parameters)
    stages = (parameters or {}).get("pipeline_parallel_degree", 1)
    held = [int(job.log(rank).splitlines()[-1].split()[0]) for rank in range(ranks)]
    assert sum(held) * stages == 25 * ranks if stages == 1 else sum(held) == 25 * ranks // stages
    if stages > 1:
        assert "Partition assignments: " in job.log(0)
        assert json.loads((job.path / "partition.json").read_text())["stages"] == stages


@pytest.mark.parametrize(
    ("first", "others"), [(PIPELINE, (PIPELINE, None)), (SHARD, (PIPELINE, SHARD))]
)
def test_a_divided_model_and_its_optimizer_are_saved_whole_and_go_on_as_if_nothing_was(
    train, first, others
):
    rest = """
    loss, _ = model.train_step(train_step, batch[mine])
    optimizer.step()
    optimizer.zero_grad()
"""
    told = """
state = model.state_dict()
print("weights", [f"{state[name].sum():.9f}" for name in sorted(state)])
shutdown()
"""
    job = train(
        f"""
for batch in batches[:3]:{rest}
path = save_checkpoint({{"model": model, "optimizer": optimizer, "step": 3}})
if context.rank == 0:
    print(sorted(torch.load(path)["model"])[0], len(torch.load(path)["optimizer"]["state"]))
for batch in batches[3:]:{rest}{told}""",
        2,
        first,
    )
    saved, before = job.log(0).splitlines()[-2:]
    assert saved == "blocks.0.mlp.0.bias 25"
    assert before.startswith("weights ")
    resumed = f"""
state = load_checkpoint({{"model": model, "optimizer": optimizer}})
for batch in batches[state["step"]:]:{rest}{told}"""
    for parameters in others:
        train(resumed, 2 if parameters else 1, parameters)
        assert job.log(0).splitlines()[-1] == before


def test_stages_share_their_data_and_replicas_divide_it(train):
    job = train(
        """
from jupyter_sdt.runtime import DistributedSampler
print(context.data_share, context.data_shares, list(DistributedSampler(range(8), shuffle=False)))
shutdown()
""",
        4,
        PIPELINE,
    )
    seen = [job.log(rank).splitlines()[-1] for rank in range(4)]
    assert seen == ["0 2 [0, 2, 4, 6]"] * 2 + ["1 2 [1, 3, 5, 7]"] * 2


TELL = """
from jupyter_sdt.errors import RuntimeStateError, SpecError

def told(function, kind):
    try:
        function()
    except kind as error:
        print("told:", error)
"""


def test_a_divided_model_cannot_be_called_outside_of_a_step(train):
    job = train(
        TELL + "told(lambda: model(batches[0]), RuntimeStateError)\nshutdown()", 2, PIPELINE
    )
    for rank in range(2):
        assert "called outside of a step; call it in a function that is given to" in job.log(rank)


@pytest.mark.parametrize(
    ("ranks", "stages", "batch"), [(2, 1, "own"), (2, 1, "prescaled"), (4, 2, "own")]
)
def test_layers_divided_among_tensor_peers_train_as_one_process(train, ranks, stages, batch):
    parameters = {**PIPELINE, "pipeline_parallel_degree": stages, "tensor_parallel_degree": 2}
    train(
        """
assert context.data_shares == (1 if "PRESCALED" else 2)
for batch in batches:
    loss, _ = model.train_step(train_step, batch[mine])
    loss_of(plain(batch), batch).backward()
    optimizer.step(); reference.step()
    optimizer.zero_grad(); reference.zero_grad()
state = model.state_dict()
assert state.keys() == plain.state_dict().keys()
torch.testing.assert_close(dict(state), dict(plain.state_dict()))
divided = {n for n, p in model.named_parameters() if p.shape != plain.get_parameter(n).shape
           and p.numel()}
assert any("mlp.0.weight" in name for name in divided)
assert not divided & {"words.weight", "head.weight"}  # tied: left alone
shutdown()
""".replace("PRESCALED", "yes" if batch == "prescaled" else ""),
        ranks,
        parameters | {"prescaled_batch": batch == "prescaled"},
    )


def test_a_function_without_a_loss_and_a_batch_that_cannot_be_split_are_refused(train):
    job = train(
        TELL
        + """
told(lambda: model.train_step(lambda words: model(words), batches[0]), SpecError)
told(lambda: model.train_step(lambda words: "text", batches[0]), SpecError)
told(lambda: model.train_step(train_step, batches[0][:3]), SpecError)
shutdown()
""",
        1,
        {"microbatches": 2},
    )
    lines = job.log(0).splitlines()[-3:]
    assert "returned a tensor of shape (4, 5, 17); it must return the loss" in lines[0]
    assert "returned 'text'" in lines[1]
    assert "which microbatches=2 does not divide" in lines[2]
