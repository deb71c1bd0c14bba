"""Inputs of recomputed modules in the memory of the CPU, with a mover that notes what it does."""

SETUP = """
from jupyter_sdt.runtime.modelparallel.activations.offloading import offloader
begin(microbatches=2, offload_activations=True, activation_loading_horizon=2)
notes = []

class Noting:
    def out(self, tensor):
        notes.append("out")
        return tensor.numpy().copy()
    def back(self, host):
        notes.append("back")
        return torch.from_numpy(host)
    def arrived(self, tensor):
        notes.append("use")
        return tensor

net = Net(4)
model = DistributedModel(net)
"""


def test_gradients_are_the_same_and_loading_begins_ahead(agree):
    body = """
def mark():
    set_activation_checkpointing(net.layers)
    offloader().movers[torch.device("cpu")] = Noting()
check_same_gradients(model, mark)
one = ["out"] * 4 + ["back", "back", "use", "back", "use", "back", "use", "use"]
assert notes == one * 2, notes
"""
    agree(SETUP + body)


def test_on_the_cpu_nothing_is_copied(agree):
    body = """
check_same_gradients(model, lambda: set_activation_checkpointing(net.layers))
assert not offloader().movers
"""
    agree(SETUP + body)


TOLD = """
begin(partitions=2, microbatches=2, auto_partition=False, default_partition=0, skip_tracing=True,
      offload_activations=True)
net = Net()
set_partition(net.head, 1)

def train():
    '''What two steps warn of.'''
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            train_step(model, torch.randn(4, 8))
    return [str(w.message) for w in told if "offload_activations" in str(w.message)]
"""


def test_without_a_checkpointed_module_rank_0_says_once_that_nothing_is_offloaded(agree):
    body = """
model = DistributedModel(net)
told = train()
assert len(told) == (rank == 0), told
assert all("smp.set_activation_checkpointing(module)" in text for text in told), told
"""
    agree(TOLD + body, 2)


def test_nothing_is_said_where_only_another_stage_checkpoints(agree):
    body = """
forward, net.head.part = net.head.forward, nn.Identity()
net.head.forward = lambda x: forward(checkpoint(net.head.part, x))
model = DistributedModel(net)
assert train() == []
"""
    agree(TOLD + body, 2)


def test_with_one_stage_and_no_step_function_the_optimizer_says_it(agree):
    body = """
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
begin(offload_activations=True)
model = DistributedModel(Net())
optimizer = DistributedOptimizer(torch.optim.SGD(model.parameters(), lr=0.1))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for _ in range(2):
        model.backward(model(torch.randn(4, 8)).sum())
        optimizer.step()
assert ["offload_activations" in str(w.message) for w in told] == [True], told
"""
    agree(body)
