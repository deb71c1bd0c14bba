"""What modules keep for backward, counted while they train."""

import pytest

SETUP = """
from jupyter_sdt.errors import RuntimeStateError
from jupyter_sdt.runtime.modelparallel.activations.counting import count_activations
from jupyter_sdt.runtime.modelparallel.partition import predict_memory
MICROBATCHES = 3

def counted(model):
    x = torch.randn(4 * MICROBATCHES, 8)
    train_step(model, x)
    with count_activations() as count:
        for _ in range(2):
            model.zero_grad()
            train_step(model, x)
        assert count.now == 0, count.now
    return count
"""


def test_one_rank_keeps_the_tensors_of_one_microbatch_at_a_time(agree):
    body = """
begin(microbatches=MICROBATCHES)
try:
    with count_activations():
        raise AssertionError("it counted")
except RuntimeStateError as error:
    assert "after the first step" in str(error), error
model = DistributedModel(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.ReLU(), nn.Linear(16, 4)))
hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
# The outputs of both ReLUs, of which the second is the last layer's input.
assert counted(model).most == 2 * 4 * 16 * 8
assert hooks == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
"""
    agree(SETUP + body)


@pytest.mark.parametrize("checkpointed", [False, True])
def test_stages_that_go_forward_first_keep_what_is_predicted(agree, checkpointed):
    body = f"""
begin(partitions=2, microbatches=MICROBATCHES, pipeline="simple")
net = Net(6)
if {checkpointed}:
    set_activation_checkpointing(net.layers)
model = DistributedModel(net, trace_memory_usage=True)
most = counted(model).most
table = predict_memory(model.assignment, MICROBATCHES, "simple")
assert most == table[rank].activations > 0, (most, table)
"""
    agree(SETUP + body, 2)
