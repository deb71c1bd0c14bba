"""A pipeline computes what one process would: losses and all gradients, in float64 to rounding."""

import pytest

CHAIN = """
model = nn.Sequential(*(block() for _ in range(4)))
inputs = torch.randn(8, 8), torch.randn(8, 8)
def loss_of(model, x, y):
    return F.mse_loss(model(x), y)
stages = {str(i): i * size // 4 for i in range(4)}
"""


@pytest.mark.parametrize("schedule", ["simple", "interleaved"])
@pytest.mark.parametrize(("stages", "microbatches"), [(2, 1), (2, 8), (4, 4)])
def test_a_chain(agree, stages, microbatches, schedule):
    agree(
        CHAIN
        + f"compare(model, stages, loss_of, inputs, {microbatches}, 10, schedule={schedule!r})",
        stages,
    )


SKIPS = """
class Net(nn.Module):
    '''Every block's input reaches later blocks, also of other stages.'''
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(block() for _ in range(6))
        self.head = nn.Linear(8, 1)
    def forward(self, x):
        first = self.blocks[0](x)
        second = self.blocks[1](first) + x
        third = self.blocks[2](second)
        fourth = self.blocks[3](third + first)
        fifth = self.blocks[4](torch.cat([fourth, second]))[: len(x)]
        return self.head(self.blocks[5](fifth) * third)
model = Net()
inputs = torch.randn(8, 8), torch.randn(8, 1)
def loss_of(model, x, y):
    return F.mse_loss(model(x), y)
"""
SKIP_STAGES = [
    (2, "{'blocks.2': 1, 'blocks.3': 1, 'blocks.4': 1}"),
    (2, "{'blocks.1': 1, 'blocks.3': 1, 'blocks.5': 1, 'head': 1}"),
    (4, "{'blocks.1': 1, 'blocks.2': 1, 'blocks.3': 2, 'blocks.4': 3, 'blocks.5': 3, 'head': 2}"),
]


@pytest.mark.parametrize(("stages", "assigned"), SKIP_STAGES)
def test_skip_connections_across_stages(agree, stages, assigned):
    body = f"""
for schedule in ("simple", "interleaved"):
    compare(copy.deepcopy(model), {assigned}, loss_of, inputs, 4, schedule=schedule)
"""
    agree(SKIPS + body, stages)


def test_a_module_called_twice_and_results_that_nobody_uses(agree):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.unused = block(), block(), block()
    def forward(self, x):
        h = self.a(x)
        self.unused(h)
        h = self.b(h)
        return self.b(self.a(h) + h).sum()
"""
    agree(body + "compare(Net(), {'b': 1, 'unused': 1}, lambda m, x: m(x), [torch.randn(8, 8)])", 2)


def test_control_flow_that_depends_on_data(agree):
    body = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(block() for _ in range(4))
    def forward(self, x):
        h, rounds = self.blocks[0](x), 0
        while h.abs().mean() > 0.05 and rounds < 6:
            h = self.blocks[1 + rounds % 3](h) * 0.7
            rounds += 1 + int(h[0, 0] > 0)
        return h.pow(2).mean()
stages = {'blocks.1': 1, 'blocks.2': 1}
compare(Net(), stages, lambda m, x: m(x), [torch.randn(16, 8)], 4, steps=5)
"""
    agree(body, 2)


def test_calls_within_calls_also_back_to_the_first_stage(agree):
    body = """
class Inner(nn.Module):
    def __init__(self, *parts):
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.scale = nn.Parameter(torch.ones(8))
    def forward(self, x):
        h = x * self.scale
        for part in self.parts:
            h = part(h) + x
        return h
model = Inner(block(), Inner(block(), block(), Inner(block(), block())), block())
stages = {'parts.1': 1, 'parts.1.parts.0': 0, 'parts.1.parts.2': 2, 'parts.1.parts.2.parts.1': 0}
"""
    body += """
for schedule in ("simple", "interleaved"):
    compare(copy.deepcopy(model), stages, lambda m, x: m(x).pow(2).sum(), [torch.randn(8, 8)],
            schedule=schedule)
"""
    agree(body, 3)


def test_structures_of_tensors_and_plain_values(agree):
    body = """
from dataclasses import dataclass
from collections import UserDict, namedtuple
@dataclass
class Output:
    hidden: torch.Tensor
    mask: torch.Tensor
    note: str = "x"
Pair = namedtuple("Pair", "left right")
class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)
    def forward(self, state, *, scale, extra=None):
        assert state.note == "x" and scale == 2.5 and extra["pair"].right is None
        assert state.mask.dtype == torch.bool
        h = self.linear(state.hidden).masked_fill(state.mask, 0.0) * scale
        return Output(h + extra["pair"].left, state.mask), UserDict(n=3, ids=torch.arange(3), h=h)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = Part(), Part(), Part()
    def forward(self, x):
        state = Output(x, x > 1)
        for part in (self.first, self.second, self.third):
            extra = {"pair": Pair(x * 2, None)}
            state, rest = part(state, scale=2.5, extra=extra)
            assert isinstance(rest, UserDict)
            assert rest["n"] == 3 and rest["ids"].tolist() == [0, 1, 2]
        return (state.hidden + rest["h"]).mean()
compare(Net(), {'second': 1, 'third': 1}, lambda m, x: m(x), [torch.randn(8, 8)])
"""
    agree(body, 2)
