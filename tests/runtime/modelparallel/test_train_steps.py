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
for batch in batches:
    loss, answers = model.train_step(train_step, batch[mine])
    expected = loss_of(plain(batch), batch)
    expected.backward()
    if context.data_shares == 1:
        torch.testing.assert_close(loss, expected.detach())
        assert answers.shape == batch.shape
    held = [name for name, parameter in model.named_parameters() if parameter.numel()]
    for name in held:
        theirs = plain.get_parameter(name).grad
        torch.testing.assert_close(model.get_parameter(name).grad, theirs)
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


def test_a_divided_model_and_its_optimizer_are_saved_whole_and_go_on_as_if_nothing_was(train):
    job = train(
        """
for batch in batches[:3]:
    model.train_step(train_step, batch[mine])
    optimizer.step()
    optimizer.zero_grad()
path = save_checkpoint({"model": model, "optimizer": optimizer, "step": 3})
if context.rank == 0:
    print(sorted(torch.load(path)["model"])[0], len(torch.load(path)["optimizer"]["state"]))
for batch in batches[3:]:
    loss, _ = model.train_step(train_step, batch[mine])
    optimizer.step()
    optimizer.zero_grad()
print(f"loss {loss:.12f}")
shutdown()
""",
        2,
        PIPELINE,
    )
    assert job.log(0).splitlines()[-2] == "blocks.0.mlp.0.bias 25"
    resumed = """
state = load_checkpoint({"model": model, "optimizer": optimizer})
for batch in batches[state["step"]:]:
    loss, _ = model.train_step(train_step, batch[mine])
    optimizer.step()
    optimizer.zero_grad()
print(f"loss {loss:.12f}")
shutdown()
"""
    before = [job.log(rank).splitlines()[-1] for rank in range(2)]
    assert before[0].startswith("loss ")
    for parameters in (PIPELINE, None):
        train(resumed, 2 if parameters else 1, parameters)
        assert job.log(0).splitlines()[-1] == before[0]


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
if "PRESCALED":
    mine = slice(None)
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


@pytest.mark.parametrize("name", ["sharded_data_parallel_degree"])
def test_degrees_that_nobody_divides_by_are_refused_and_not_ignored(job, name):
    body = """
from torch import nn
from jupyter_sdt.errors import DistributionError
from jupyter_sdt.runtime import DistributedModel, init, shutdown
context = init()
try:
    DistributedModel(nn.Linear(2, 2), context)
except DistributionError as error:
    print("told:", error)
shutdown()
"""
    environment = {"SM_HP_MP_PARAMETERS": json.dumps({name: 2, "ddp": True})}
    job.run(body, ranks=2, environment=environment)
    assert job.codes == [0, 0]
    assert (
        f"told: {name}=2: DistributedModel divides a model into stages and layers only"
        in job.log(1)
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
