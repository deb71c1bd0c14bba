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
