"""Whole scripts under the names of smdistributed.modelparallel, against one process."""


def test_a_pipeline_with_replicas_trains_as_one_process(smp_script):
    smp_script(
        """
model, optimizer = made()
train(model, optimizer, 4)
expected, adam = plain(4)
same(model.state_dict(), expected.state_dict())
whole, right = optimizer.state_dict(), adam.state_dict()
for number, values in right["state"].items():
    torch.testing.assert_close(whole["state"][number], values)
local = {id(p) for p in model.local_parameters()}
assert {id(p) for g in optimizer.param_groups for p in g["params"]} == local
held = [p for p in optimizer.state]
assert held and {id(p) for p in held} == local
""",
        4,
        partitions=2,
        microbatches=2,
        ddp=True,
    )


def test_shared_out_optimizer_state_trains_a_pipeline_as_one_process(smp_script):
    smp_script(
        """
model, optimizer = made()
train(model, optimizer, 3)
same(model.state_dict(), plain(3)[0].state_dict())
""",
        4,
        partitions=2,
        microbatches=2,
        ddp=True,
        shard_optimizer_state=True,
    )


def test_norms_of_the_whole_model_decide_about_clipping_and_lamb(smp_script):
    smp_script(
        """
from smdistributed.modelparallel.torch.optimizers import FusedLAMB
lamb = lambda parameters: FusedLAMB(parameters, 0.05, max_grad_norm=0.1)
model = smp.DistributedModel(network())
optimizer = smp.DistributedOptimizer(lamb(model.parameters()))
train(model, optimizer, 3)
same(model.state_dict(), plain(3, lamb)[0].state_dict())

# Clipping by hand: one process, then the pipeline on the same gradients.
reference = network()
reference.load_state_dict(model.state_dict())
x, y = batch(3)
F.mse_loss(reference(x), y).backward()
right = nn.utils.clip_grad_norm_(reference.parameters(), 0.05)
optimizer.zero_grad()
train_step(model, x, y)
norm = optimizer.clip_master_grads(0.05)
torch.testing.assert_close(norm, right.item(), rtol=1e-9, atol=0)
wanted = dict(reference.named_parameters())
for name, parameter in model.local_named_parameters():
    torch.testing.assert_close(parameter.grad, wanted[name].grad, rtol=1e-5, atol=1e-12)
largest = optimizer.clip_master_grads(1.0, float("inf"))
assert abs(largest - max(p.grad.abs().max().item() for p in wanted.values())) < 1e-7
""",
        2,
        partitions=2,
        microbatches=2,
    )


def test_groups_schedulers_and_a_scaler_work_as_with_a_plain_optimizer(smp_script):
    smp_script(
        """
from torch.optim.lr_scheduler import LambdaLR

def groups_of(model):
    decay = [p for n, p in model.named_parameters() if "bias" not in n]
    rest = [p for n, p in model.named_parameters() if "bias" in n]
    return [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]

@smp.step
def scaled_step(model, scaler, x, y):
    loss = F.mse_loss(model(x), y)
    model.backward(scaler.scale(loss))
    return loss

reference = network()
right = torch.optim.AdamW(groups_of(reference), 0.02)
slower = LambdaLR(right, lambda step: 0.5**step)
model = smp.DistributedModel(network())
optimizer = smp.DistributedOptimizer(torch.optim.AdamW(groups_of(model), 0.02))
scheduler = LambdaLR(optimizer, lambda step: 0.5**step)
scaler = smp.amp.GradScaler(init_scale=2.0**10, growth_interval=1000)
steps = skipped = 0
while steps < 3:
    x, y = batch(steps)
    optimizer.zero_grad()
    scaled_step(model, scaler, x, y if skipped else y * float("inf"))
    scaler.step(optimizer)
    before = scaler.get_scale()
    scaler.update()
    if scaler.get_scale() < before:
        skipped += 1
        continue
    scheduler.step()
    right.zero_grad()
    F.mse_loss(reference(x), y).backward()
    right.step()
    slower.step()
    steps += 1
assert skipped == 1 and set(smp.allgather(skipped)) == {1}
assert optimizer.param_groups[1]["lr"] == right.param_groups[1]["lr"]
same(model.state_dict(), reference.state_dict())
""",
        2,
        partitions=2,
        microbatches=2,
    )


def test_the_optimizer_waits_for_the_partition_and_says_so(smp_script):
    smp_script(
        """
from smdistributed.modelparallel.torch.exceptions import RuntimeStateError
model, optimizer = made()
assert not model.partitioned and len(optimizer.param_groups[0]["params"]) == 8
refused(optimizer.step, RuntimeStateError, "before the model was partitioned")
optimizer.zero_grad()
state = plain(2)[1].state_dict()
state["param_groups"][0]["lr"] = 0.125
optimizer.load_state_dict(state)
assert optimizer.param_groups[0]["lr"] == 0.125
train_step(model, *batch(0))
optimizer.step()
steps = {values["step"].item() for values in optimizer.optimizer.state.values()}
assert model.partitioned and steps == {3.0}
assert len(optimizer.param_groups[0]["params"]) < 8
""",
        2,
        partitions=2,
    )


def test_a_stage_without_parameters_makes_its_steps(smp_script):
    smp_script(
        """
class Lopsided(nn.Module):
    def __init__(self):
        super().__init__()
        self.all = nn.Linear(8, 4)
        with smp.partition(1):
            self.none = nn.Tanh()
    def forward(self, x):
        return self.none(self.all(x))
def network():
    torch.manual_seed(7)
    return Lopsided().double()
from smdistributed.modelparallel.torch.optimizers import FusedLAMB, FusedNovoGrad
for make in (lambda p: torch.optim.Adam(p, 0.01), FusedLAMB, FusedNovoGrad):
    smp.state.__init__()
    model = smp.DistributedModel(network())
    optimizer = smp.DistributedOptimizer(make(model.parameters()))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    train(model, optimizer, 2)
    scheduler.step()
    assert optimizer.clip_master_grads(1.0) > 0
    same(model.state_dict(), plain(2, make)[0].state_dict())
    assert len(optimizer.param_groups[0]["params"]) == (2 if smp.pp_rank() == 0 else 0)

""",
        2,
        partitions=2,
        auto_partition=False,
        default_partition=0,
    )


def test_half_precision_finds_its_loss_scale_and_learns(smp_script):
    smp_script(
        """
model = smp.DistributedModel(network().float())
optimizer = smp.DistributedOptimizer(
    torch.optim.AdamW(model.parameters(), 0.01), static_loss_scale=None, dynamic_loss_scale=True,
    dynamic_loss_args={"scale_window": 1000, "min_scale": 1, "delayed_shift": 2})
scheduler = torch.optim.lr_scheduler.StepLR(optimizer.optimizer, 1, gamma=0.99)

@smp.step
def half_step(model, x, y):
    loss = F.mse_loss(model(x).float(), y)
    model.backward(loss)
    return loss

losses, skipped = [], 0
for step in range(50):
    x, y = batch(0)
    optimizer.zero_grad(set_grads_to_None=True)
    losses.append(half_step(model, x.float(), y.float()).reduce_mean().item())
    optimizer.update_master_grads()
    optimizer.clip_master_grads(1.0)
    optimizer.step()
    skipped += optimizer.overflow
    if not optimizer.overflow:
        scheduler.step()
assert 10 < skipped < 25 and optimizer.loss_scale < 2.0**24, (skipped, optimizer.loss_scale)
assert len(set(smp.allgather((skipped, optimizer.loss_scale)))) == 1
assert losses[skipped] == losses[0] and losses[-1] < 0.5 * losses[0], losses
assert next(model.local_parameters()).dtype == torch.float16
""",
        2,
        partitions=2,
        microbatches=2,
        fp16=True,
    )
