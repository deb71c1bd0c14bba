"""A model whose layers are divided trains as on one process."""

import json

import pytest

BODY = """
import copy
import jupyter_sdt.runtime.modelparallel.tensor.marks as marks
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
from jupyter_sdt.runtime.modelparallel.model import DistributedModel
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
from jupyter_sdt.runtime.modelparallel.script_state import state
from jupyter_sdt.runtime.modelparallel.step import step

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(11, 8)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
            for _ in range(4))
        self.odd, self.head = nn.Linear(8, 5), nn.Linear(5, 11)
    def forward(self, words):
        hidden = self.words(words)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return self.head(self.odd(hidden))

def loss_of(model, words):
    return F.cross_entropy(model(words)[:, :-1].flatten(0, 1), words[:, 1:].flatten())

def train(steps=10):
    torch.manual_seed(0)
    plain = Net()
    divided = copy.deepcopy(plain)
    if rank == 1:
        nn.init.zeros_(divided.words.weight)  # the first peer's weights count
    marks.set_tensor_parallelism(divided)
    model = DistributedModel(divided)
    optimizer = DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=0.01))
    right = torch.optim.Adam(plain.parameters(), lr=0.01)
    data = here.group("rdp" if prescaled else "dp")

    @step
    def train_step(model, words):
        loss = loss_of(model, words)
        model.backward(loss)
        return loss

    for _ in range(steps):
        words = torch.randint(11, (8, 5))
        optimizer.zero_grad()
        right.zero_grad()
        loss = train_step(model, words.chunk(data.size)[data.rank]).reduce_mean()
        dist.all_reduce(loss)
        expected = loss_of(plain, words)
        expected.backward()
        torch.testing.assert_close(loss / here.world_size, expected.detach())
        wholes = dict(plain.named_parameters())
        for name, parameter in model.local_named_parameters():
            got = gathered(parameter.grad, slice_of(parameter))
            torch.testing.assert_close(got, wholes[name].grad, msg=lambda t: f"{name}: {t}")
        optimizer.step()
        right.step()
    whole = model.state_dict()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(whole[name], value)
    return model, plain, optimizer
"""


@pytest.mark.parametrize(
    ("ranks", "parameters"),
    [
        (2, {"tensor_parallel_degree": 2}),
        (2, {"tensor_parallel_degree": 2, "prescaled_batch": True, "microbatches": 2}),
        (4, {"tensor_parallel_degree": 4}),
        (4, {"tensor_parallel_degree": 2, "microbatches": 2}),
        (4, {"tensor_parallel_degree": 2, "prescaled_batch": True, "placement_strategy": "spread"}),
        (4, {"tensor_parallel_degree": 2, "partitions": 2, "microbatches": 2}),
    ],
    ids=json.dumps,
)
def test_ten_steps_are_those_of_one_process(tensor_ranks, ranks, parameters):
    tensor_ranks(
        BODY
        + """
model, plain, _ = train()
kinds = {name: type(module).__name__ for name, module in model.get_module().named_modules()}
assert kinds["words"] == "DistributedEmbedding" and kinds["blocks.0.1"] == "DistributedLinear"
assert kinds["head"] == "Linear"  # five features
""",
        ranks,
        **parameters | {"times": 1},
    )


def test_the_model_tells_what_is_divided_and_checkpoints_hold_the_whole(tensor_ranks, tmp_path):
    tensor_ranks(
        BODY
        + f"path = {str(tmp_path)!r}"
        + """
model, plain, optimizer = train(2)
divided = {n for n, p in model.named_parameters() if model.is_distributed_parameter(p)}
assert {"words.weight", "odd.weight", "blocks.3.3.weight"} <= divided
assert not divided & {"odd.bias", "head.weight", "blocks.0.0.weight"}
assert {n for n, _ in model.scaled_batch_reducer_named_parameters()} == divided
rest = {n for n, _ in model.default_reducer_named_parameters()}
assert rest | divided == set(dict(plain.named_parameters())) and not rest & divided
assert len(list(model.distributed_modules())) == 10
assert not model.is_distributed_buffer(torch.ones(1))
save_checkpoint(path, "whole", partial=False, model=model)
save_checkpoint(path, "parts", model=model, optimizer=optimizer)
state.__init__()
fresh = Net()
marks.set_tensor_parallelism(fresh)
again = DistributedModel(fresh)
resume_from_checkpoint(path, "whole", partial=False, load_optimizer=False)
for mine, theirs in zip(again.parameters(), model.parameters(), strict=True):
    assert torch.equal(mine, theirs)
""",
        2,
    )


REPLACED = """
import jupyter_sdt.runtime.modelparallel.tensor.registry as registry
from jupyter_sdt.runtime.modelparallel.partition import partition
from jupyter_sdt.runtime.modelparallel.partition.manual import read_marks
from jupyter_sdt.runtime.modelparallel.tensor.replacing import distribute

class Twice(nn.Module):
    def __init__(self, width, *, extra=0):
        super().__init__()
        self.inner = nn.Linear(width, width)
    def forward(self, x, times):
        return {"out": self.inner(x) * times}

class Half(DistributedLinear):
    def forward(self, x, times):
        return super().forward(x) * times

registry.tp_register_with_module(
    Twice, Half, lambda width, extra=0: None if extra else ((width, width), {}),
    lambda x, times: ((x,), {"times": times}), lambda found: {"out": found})

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.b.weight = self.a.weight
"""


def test_what_is_replaced_and_what_is_left_alone(tensor_ranks):
    tensor_ranks(
        BODY
        + REPLACED
        + """
with marks.tensor_parallelism(), partition(1):
    made = nn.ModuleDict({
        "twice": Twice(4), "kept": Twice(4, extra=1), "tied": Tied(), "odd": nn.Linear(3, 4),
        "torchs": nn.TransformerEncoderLayer(4, 2, 8), "max": nn.Embedding(4, 4, max_norm=1.0)})
    with marks.tensor_parallelism(enabled=False):
        made["off"] = nn.Linear(4, 4)
    made["same"] = made["twice"]
made["outside"] = nn.Linear(4, 4)
assert read_marks(made)["twice.inner"] == 1
found = distribute(made)
assert type(found["twice"]) is Half and found["same"] is found["twice"]
assert type(found["kept"].inner) is DistributedLinear
assert found["twice"](torch.ones(2, 4), times=2.0)["out"].shape == (2, 4)
assert type(found["tied"].a) is type(found["odd"]) is type(found["off"]) is nn.Linear
assert type(found["torchs"].linear1) is type(found["outside"]) is nn.Linear
assert type(found["max"]) is nn.Embedding
root = nn.Linear(4, 4)
marks.set_tensor_parallelism(root)
divided = distribute(root)
torch.testing.assert_close(divided(torch.ones(4)), root(torch.ones(4)))
assert not nn.Linear(2, 2).__dict__.get("_sdt_tensor_parallel")
""",
        2,
    )
