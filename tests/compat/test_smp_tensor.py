"""A script with smp.tensor_parallelism, as SageMaker's guide has it."""


def test_a_script_divides_its_model_and_saves_it_whole(smp_script):
    smp_script(
        """
import torch.nn.functional as F

@smp.tp_register(smp.nn.DistributedLinear, init_hook=lambda width: ((width, width), {}))
class Square(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Linear(width, width)
    def forward(self, x):
        return self.inner(x)

torch.manual_seed(0)
with smp.model_creation(tensor_parallelism=True, dtype=torch.float64, fused_softmax=True):
    net = nn.Sequential(nn.Linear(4, 8), nn.GELU(), Square(8), nn.Linear(8, 3))
    with smp.tensor_parallelism(enabled=False):
        net.append(nn.Linear(3, 3))
model = smp.DistributedModel(net)
optimizer = smp.DistributedOptimizer(torch.optim.SGD(model.parameters(), lr=0.5))
kinds = [type(module).__name__ for module in model.get_module()]
assert kinds == ["DistributedLinear", "GELU", "DistributedLinear", "DistributedLinear", "Linear"]
assert all(isinstance(m, smp.nn.DistributedModule) for m in model.distributed_modules())
assert smp.utils.get_distribution_axis(net[0].weight) == 1

@smp.step
def train_step(model, x, y):
    loss = F.mse_loss(model(x), y)
    model.backward(loss)
    return loss

x = torch.randn(8, 4, dtype=torch.float64)
y, losses = x[:, :3].sin(), []
for _ in range(30):
    optimizer.zero_grad()
    mine = slice(smp.dp_rank(), None, smp.dp_size())
    losses.append(train_step(model, x[mine], y[mine]).reduce_mean())
    optimizer.step()
assert losses[-1] < losses[0] / 2, losses
whole = model.state_dict()
shapes = {name: tuple(value.shape) for name, value in whole.items() if "weight" in name}
assert shapes == {"0.weight": (8, 4), "2.weight": (8, 8), "3.weight": (3, 8), "4.weight": (3, 3)}
""",
        2,
        tensor_parallel_degree=2,
        ddp=True,
        microbatches=2,
    )
