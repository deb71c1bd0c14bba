"""A model that one process has no memory for trains on two ranks, and on four."""

import pytest

BODY = """
import resource
from jupyter_sdt.runtime.modelparallel.optimizer import DistributedOptimizer
torch.set_default_dtype(torch.float32)
WIDTH, LAYERS = 1280, 24
megabytes = LAYERS * WIDTH * WIDTH * 4 / 2**20  # with gradients and Adam's moments four times that

def data_size():
    with open("/proc/self/status") as file:
        (line,) = [line for line in file if line.startswith("VmData")]
    return int(line.split()[1]) << 10

begin(**ASKED)
limit = data_size() + int(3.7 * megabytes * 2**20)
soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
failed = None
try:
    layers = [nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(LAYERS)]
    model = DistributedModel(nn.Sequential(*layers))
    optimizer = DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=1e-4))

    @step
    def train_step(model, x):
        loss = model(x).square().mean()
        model.backward(loss)
        return loss

    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        torch.manual_seed(1)
        losses.append(train_step(model, torch.randn(4, WIDTH)).reduce_mean().item())
        optimizer.step()
    assert losses[2] < losses[0], losses
except RuntimeError as error:
    failed = str(error)
finally:
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
if here.world_size == 1:
    assert failed and "can't allocate memory" in failed, failed
else:
    assert failed is None, failed
"""


@pytest.mark.skipif("not __import__('sys').platform.startswith('linux')", reason="RLIMIT_DATA")
@pytest.mark.parametrize("stages", [1, 2, 4])
def test_stages_train_what_does_not_fit_one_process(agree, stages):
    asked = {"partitions": stages, "microbatches": 2, "skip_tracing": True}
    agree(f"ASKED = {asked}\n{BODY}", stages, timeout=120)
