"""What smp.DistributedModel has to offer beside training."""

TWO_STAGES = """
begin(partitions=2, microbatches=2, skip_tracing=True)
module = network()
whole = {name: tensor.clone() for name, tensor in module.state_dict().items()}
module.answer = 42
model = DistributedModel(module)
assert model.module is model.get_module() is module and model.answer == 42
assert not model.partitioned and model.to("cpu") is model
assert dict(model.named_parameters()).keys() == whole.keys()

def refused(call, *words):
    try:
        call()
    except RuntimeStateError as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError("it was accepted")

@step
def forward(model, x):
    return {"out": model(x), "rows": len(x)}

x = torch.randn(4, 8)
"""


def test_a_model_on_two_stages_answers_as_documented(agree):
    body = """
refused(lambda: model(torch.randn(2, 8)), "the model was called outside of smp.step")
refused(lambda: model.backward(torch.ones(())), "model.backward() was called outside")
refused(lambda: list(model.local_parameters()), "local_parameters", "register_post_partition_hook")
called = []
model.register_post_partition_hook(lambda m, o: called.append(("partition", m.partitioned)))
model.register_post_step_hook(lambda m, o: called.append(("step", o)))
removed = model.register_post_partition_hook(lambda m, o: called.append("removed"))
removed.remove()

expected = copy.deepcopy(module)(x).detach()
model.eval()
with torch.no_grad():
    # The others' arguments do not matter.
    found = forward(model, x if rank == 0 else torch.Tensor(0))
torch.testing.assert_close(found["out"].concat(), expected)
assert found["rows"] == [2, 2] and not found["out"].outputs[0].requires_grad
assert called == [("partition", True), ("step", None)]
refused(lambda: model(x), "outside")
"""
    agree(TWO_STAGES + body, 2)


def test_states_are_those_of_the_whole_model(agree):
    body = """
forward(model, x)
local = dict(model.local_named_parameters())
assert local.keys() == {n for n, p in model.named_parameters() if p.numel()}
assert all(torch.equal(p, whole[n]) for n, p in local.items())
everyone = [None, None]
dist.all_gather_object(everyone, list(local))
assert sorted(everyone[0] + everyone[1]) == sorted(whole)
found = model.state_dict()
assert list(found) == list(whole)
assert all(torch.equal(found[name], whole[name]) for name in whole)
assert bool(model.state_dict(gather_to_rank0=True)) == (rank == 0)
partial = model.local_state_dict()
assert partial["_smp_is_partial"] and local.keys() <= partial.keys()
model.load_state_dict({name: tensor + 1 for name, tensor in whole.items()})
assert all(torch.equal(p, whole[n] + 1) for n, p in model.local_named_parameters())
"""
    agree(TWO_STAGES + body, 2)


def test_gradients_are_exchanged_at_every_nth_step_where_asked(agree):
    body = """
begin(microbatches=1, ddp=True)
module = nn.Linear(4, 1, bias=False)
model = DistributedModel(module, backward_passes_per_step=2)
assert model.module.module is module
unused = nn.Parameter(torch.zeros(3))

@step
def train_step(model, x):
    model.backward(model(x).sum())

for _ in range(2):
    torch.manual_seed(rank)
    train_step(model, torch.ones(2, 4) * (rank + 1))
torch.testing.assert_close(module.weight.grad, torch.full((1, 4), 2 * 2 * 1.5))

# At the end of an epoch there may be fewer: the optimizer asks for the exchange.
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
optimizer = DistributedOptimizer(torch.optim.SGD(model.parameters(), 0.1))
for passes in (2, 1, 2):
    model.zero_grad()
    for _ in range(passes):
        train_step(model, torch.ones(2, 4) * (rank + 1))
    optimizer.step()
    torch.testing.assert_close(module.weight.grad, torch.full((1, 4), 2 * passes * 1.5))
"""
    agree(body, 2)


def test_a_parameter_that_only_one_replica_uses_counts_as_zero_on_the_other(agree):
    body = """
begin(partitions=1, microbatches=2, ddp=True)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.often, self.seldom, self.never = (nn.Linear(4, 4) for _ in range(3))
    def forward(self, x):
        h = self.often(x)
        return self.seldom(h) if rank == 1 else h
model = DistributedModel(Net())

@step
def train_step(model, x):
    model.backward(model(x).sum())

train_step(model, torch.randn(4, 4))
module = model.get_module()
torch.testing.assert_close(module.seldom.bias.grad, torch.full((4,), 1.0))
assert module.never.bias.grad is None
gradients = [torch.empty(4, 4), torch.empty(4, 4)]
dist.all_gather(gradients, module.often.weight.grad)
assert torch.equal(*gradients)
"""
    agree(body, 2)


def test_manual_partitions_and_unscaled_gradients(agree):
    body = """
from jupyter_sdt.runtime.modelparallel.partition import set_partition
begin(partitions=2, microbatches=2, auto_partition=False, default_partition=0)
module = network()
set_partition(module[2], 1)
plain = copy.deepcopy(module)
model = DistributedModel(module, average_grads_across_microbatches=False)

@step(non_split_inputs=["scale"], input_split_axes={"x": 1}, detach_outputs=False)
def train_step(model, x, *, scale):
    out = model(x.T)
    model.backward(out, torch.ones_like(out) * scale)
    return out

x = torch.randn(8, 4)
train_step(model, x, scale=torch.tensor(3.0))
(plain(x.T) * 3.0).sum().backward()
check_gradients(model, plain)
assert [n for n, _ in model.local_named_modules()] == (["2", "2.0", "2.1"] if rank else
    ["", "0", "0.0", "0.1", "1", "1.0", "1.1", "3", "3.0", "3.1", "4"])
"""
    agree(body, 2)


def test_a_subclass_calls_the_forward_of_its_base(agree):
    body = """
begin(partitions=2, microbatches=2, auto_partition=False, default_partition=0)
from jupyter_sdt.runtime.modelparallel.partition import set_partition
class Twice(nn.Linear):
    def forward(self, x):
        return super()._orig_forward(x) + super().forward(x)
module = nn.Sequential(nn.Linear(8, 8), Twice(8, 1))
set_partition(module[1], 1)
plain = copy.deepcopy(module)
model = DistributedModel(module)

@step
def forward(model, x):
    return model(x)

x = torch.randn(4, 8)
torch.testing.assert_close(forward(model, x).concat(), plain(x).detach())
torch.testing.assert_close(plain[1](x), 2 * F.linear(x, plain[1].weight, plain[1].bias))
"""
    agree(body, 2)


def test_half_precision_takes_and_returns_full_precision(agree):
    body = """
begin(partitions=2, microbatches=2, fp16=True, ddp=True)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.body = nn.Embedding(5, 8), network()
    def forward(self, ids, *, extra):
        h = self.embedding(ids) + extra["x"]
        assert h.dtype == torch.float16 and ids.dtype == torch.int64
        return {"out": self.body(h), "ids": ids}
module = Net().float()
model = DistributedModel(module)
assert model.module.module.module is module is model.get_module()

@step
def train_step(model, ids, x):
    found = model(ids, extra={"x": x})
    assert found["out"].dtype == torch.float32 and found["ids"].dtype == torch.int64
    loss = found["out"].pow(2).mean()
    model.backward(loss)
    return loss

loss = train_step(model, torch.randint(0, 5, (4,)), torch.randn(4, 8).float()).reduce_mean()
assert loss.dtype == torch.float32
assert all(p.grad.dtype == torch.float16 for p in model.local_parameters())
"""
    agree(body, 2)
