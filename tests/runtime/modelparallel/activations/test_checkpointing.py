"""smp.set_activation_checkpointing and the functions in place of torch's checkpoint."""

import pytest

STAGES = """
begin(partitions=2, microbatches=1, auto_partition=False, default_partition=0)
net = Net()
for number in {second}:
    set_partition(net.layers[number], 1)
model = DistributedModel(net)
"""


@pytest.mark.parametrize("strategy", ["each", "contiguous", "group_2"])
def test_gradients_are_the_same_and_the_inside_is_computed_twice(agree, strategy):
    body = f"""
begin(microbatches=2)
net = Net()
model = DistributedModel(net)
check_same_gradients(model, lambda: set_activation_checkpointing(net.layers, strategy="{strategy}"))
assert runs(net) == [4] * 5, runs(net)
"""
    agree(body)


@pytest.mark.parametrize("strategy", ["each", "contiguous", "group_2"])
@pytest.mark.parametrize("second", [[2, 3, 4], [1], [0, 1, 2, 3, 4], [0, 1, 2, 4]])
def test_groups_end_where_stages_do(agree, strategy, second):
    body = f"""
check_same_gradients(model, lambda: set_activation_checkpointing(net.layers, strategy="{strategy}"))
assert runs(net) == [2 if (n in {second}) == (rank == 1) else 0 for n in range(5)], runs(net)
"""
    agree(STAGES.format(second=second) + body, 2)


def test_a_group_keeps_only_what_goes_into_it(agree):
    body = """
begin()
net = Net(4)
model = DistributedModel(net)
kept = []
def pack(tensor):
    kept.append(tensor)
    return tensor
def count():
    kept.clear()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net.layers(torch.randn(2, 8))
    return len(kept)
plain = count()
set_activation_checkpointing(net.layers, strategy="contiguous")
assert plain > 8 and count() <= 1, (plain, count())
"""
    agree(body)


def test_a_mark_before_the_partition_holds_from_it_on_and_keywords_go_through(agree):
    body = """
begin(partitions=2, microbatches=2, auto_partition=False, default_partition=0, skip_tracing=True)
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Block(), Block()
    def forward(self, x):
        return self.b(self.a(x, add=x), add=2.0)
net = Two()
set_partition(net.b, 1)
for part in (net.a, net.b, net.b):
    set_activation_checkpointing(part)
model = DistributedModel(net)
train_step(model, torch.randn(4, 8))
train_step(model, torch.randn(4, 8))
assert runs(net) == ([0, 8] if rank else [8, 0]), runs(net)
"""
    agree(body, 2)


def test_each_microbatch_finds_its_own_random_numbers_again(agree):
    body = """
begin(partitions=2, microbatches=4, auto_partition=False, default_partition=0, skip_tracing=True)
class Noted(nn.Dropout):
    masks = []
    def forward(self, x):
        y = super().forward(x)
        self.masks.append((id(self), tuple((y == 0).flatten().tolist())))
        return y
net = Net(4)
for layer in net.layers:
    layer.dropout = Noted(0.5)
set_partition(net.layers[1], 1)
set_activation_checkpointing(net.layers, strategy="group_2")
model = DistributedModel(net)
for _ in range(3):
    train_step(model, torch.randn(64, 8))
counts = [Noted.masks.count(mask) for mask in Noted.masks]
assert counts == [2] * (24 if rank else 72), (len(counts), counts)
"""
    agree(body, 2)


def test_the_functions_recompute_on_the_stage_of_what_they_call(agree):
    body = """
Net.recompute = False
def forward(self, x):
    if not self.recompute:
        return self.head(self.layers(x))
    first, rest = self.layers[0], self.layers[1:]
    x = checkpoint(first, x, add=torch.zeros(()))
    return checkpoint(self.head, checkpoint_sequential(rest, x, strategy="group_2"))
Net.forward = forward
check_same_gradients(model, lambda: setattr(Net, "recompute", True))
assert runs(net) == ([0, 0, 2, 2, 0] if rank else [2, 2, 0, 0, 2]), runs(net)
"""
    agree(STAGES.format(second=[2, 3]) + body, 2)


def test_a_module_on_two_stages_is_refused_where_its_stages_were_given(agree):
    body = """
train_step(model, torch.randn(4, 8))
try:
    set_activation_checkpointing(net)
except DistributionError as error:
    assert "Net lies on stages 0, 1" in str(error), error
else:
    raise AssertionError("it was accepted")
"""
    agree(STAGES.format(second=[1]) + body, 2)


def test_a_module_on_two_stages_is_left_alone_under_automatic_partitioning(agree):
    body = """
begin(partitions=2, microbatches=1, skip_tracing=True)
net = Net()
model = DistributedModel(net)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    check_same_gradients(model, lambda: set_activation_checkpointing(net))
assert any("it is not checkpointed" in str(w.message) for w in told), told
assert max(runs(net)) == 1, runs(net)
"""
    agree(body, 2)


@pytest.mark.parametrize("asked", ["mark", "call"])
def test_what_is_to_be_checkpointed_is_kept_on_one_stage(agree, asked):
    body = f"""
begin(partitions=2, microbatches=1)
class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.asks = Block(), Block(), {asked == "call"}
    def forward(self, x):
        return self.b(self.a(x))
class Caller(nn.Sequential):
    def forward(self, x):
        for pair in self:
            x = checkpoint(pair, x) if pair.asks else pair(x)
        return x
net = Caller(*[Pair() for _ in range(7)])
if not net[0].asks:
    set_activation_checkpointing(nn.Sequential(*net))
model = DistributedModel(net)
with warnings.catch_warnings():
    warnings.simplefilter("error", UserWarning)
    train_step(model, torch.randn(4, 8))
    for part in net.modules():
        part.runs = 0
    train_step(model, torch.randn(4, 8))
here_twice = [n for n, pair in enumerate(net) if runs(pair) == [2, 2]]
assert here_twice in ([0, 1, 2, 3], [4, 5, 6], [0, 1, 2], [3, 4, 5, 6]), here_twice
"""
    agree(body, 2)


def test_what_cannot_be_checkpointed_is_refused_by_name(agree):
    body = """
begin()
for call, word in [
    (lambda: set_activation_checkpointing(Net().layers, strategy="group_0"), "group_0"),
    (lambda: set_activation_checkpointing(len), "torch.nn.Module"),
    (lambda: checkpoint(len, []), "torch.nn.Module"),
    (lambda: checkpoint_sequential(nn.Linear(1, 1), torch.ones(1)), "nn.Sequential"),
]:
    try:
        call()
    except SpecError as error:
        assert word in str(error), error
    else:
        raise AssertionError(word)
"""
    agree(body)
