"""Tensor peers in fp16: fp32 copies of slices, one loss scale, one opinion on overflow."""

BODY = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = torch.nn.Linear(8, 16), torch.nn.LayerNorm(16)
        self.last = torch.nn.Linear(16, 1)
    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.first(x))))

plain = Net()
asked = {"init_scale": 2.0**20, "scale_window": 4}
model, optimizer = parallel(plain, dynamic_loss_scale=True, dynamic_loss_args=asked)
right = torch.optim.Adam(plain.parameters(), lr=0.01)

@step
def train_step(model, x, y):
    loss = F.mse_loss(model(x), y)
    model.backward(loss)
    return loss

def train(steps):
    taken = []
    for _ in range(steps):
        x, y = torch.randn(8, 8), torch.randn(8, 1)
        optimizer.zero_grad()
        train_step(model, *(t.chunk(data.size)[data.rank] for t in (x, y)))
        optimizer.step()
        taken.append(not optimizer.overflow)
        if taken[-1]:
            right.zero_grad()
            F.mse_loss(plain(x), y).backward()
            right.step()
    return taken

taken = train(30)
assert not taken[0] and sum(taken) >= 10, taken  # 2 ** 20 is too much for fp16
agreed = [None] * here.world_size
dist.all_gather_object(agreed, (taken, optimizer.loss_scale))
assert all(one == agreed[0] for one in agreed) and optimizer.loss_scale < 2.0**20
assert {p.dtype for p in model.parameters()} == {torch.float16}
assert {p.dtype for g in optimizer.param_groups for p in g["params"]} == {torch.float32}
close(model, plain, rtol=0.05, atol=0.02)
save_checkpoint(path, "one", model=model, optimizer=optimizer)
scale, middle = optimizer.loss_scale, torch.get_rng_state()
train(5)
uninterrupted = copy.deepcopy(optimizer.local_state_dict()["fp32_copies"])
model, optimizer = parallel(Net(), dynamic_loss_scale=True)
resume_from_checkpoint(path, "one")
torch.set_rng_state(middle)
assert optimizer.loss_scale == scale
train(5)
again = optimizer.local_state_dict()["fp32_copies"]
assert all(torch.equal(again[name], value) for name, value in uninterrupted.items())
"""


def test_copies_of_slices_and_a_dynamic_scale(together, tmp_path):
    path = f"path = {str(tmp_path / 'checkpoints')!r}"
    together(path + BODY, 2, {"fp16": True}, dtype="torch.float32")


FP16_PARAMS = """
from jupyter_sdt.runtime.modelparallel.tensor.linear import DistributedLinear

class Casting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.divided, self.norm = torch.nn.Linear(4, 8), torch.nn.LayerNorm(8)
    def forward(self, x):
        return self.norm(self.divided(x.half()).float())

net = Casting()
set_tensor_parallelism(net.divided, True, {})
model = DistributedModel(net)
assert isinstance(net.divided, DistributedLinear), net
assert {p.dtype for p in net.divided.parameters()} == {torch.float16}
assert {p.dtype for p in net.norm.parameters()} == {torch.float32}
model.backward(model(torch.randn(4, 4)).square().mean())
assert net.divided.weight.grad.dtype == torch.float16
"""


def test_fp16_params_alone_lowers_distributed_modules_and_no_others(together):
    together(FP16_PARAMS, 2, {"fp16_params": True}, dtype="torch.float32")
