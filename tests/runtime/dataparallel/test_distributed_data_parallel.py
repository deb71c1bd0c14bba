"""Our DistributedDataParallel leaves the gradients of torch's, in buffers of one size."""

import signal

import pytest
from runtime.dataparallel.conftest import DDP

WHERE = """
net = compare(plain, step_of)
flat = net._fused.by_dtype[torch.float32].flat
grads = [parameter.grad for parameter in net.parameters()]
assert {grad.untyped_storage().data_ptr() for grad in grads} == {flat.untyped_storage().data_ptr()}
# In the order of backward, from the last layer to the first, and without holes.
order = sorted(net.parameters(), key=lambda parameter: parameter.grad.data_ptr())
assert [p.shape for p in order] == [p.shape for p in net.parameters()][::-1]
assert sum(grad.numel() for grad in grads) == flat.numel()
buffers = net._fused.by_dtype[torch.float32]
buffers.empty()
buffers.fill(flat.numel())
sizes = [len(buffer) for buffer in buffers.full()]
assert len(sizes) > 4 and len(set(sizes[:-1])) == 1 and sizes[0] - 16 * len(sizes) < sizes[-1]
if dist.group.WORLD._sharing is not None:
    assert all(dist.group.WORLD._sharing.tensors.place(part) for part in flat.split(sizes[0])[:3])
assert isinstance(net, Torchs) and net.module is not None and type(net).__name__ == Torchs.__name__
"""

STEPS = """
compare(plain, lambda *step: step_of(*step, to_none=False))

def clip(net):
    nn.utils.clip_grad_norm_(net.parameters(), 0.01)
compare(plain, lambda *step: step_of(*step, between=clip))

def replace(net):  # as optimizers and scripts do it that make their own gradients
    for number, parameter in enumerate(net.parameters()):
        parameter.grad = [torch.clone, torch.detach, torch.zeros_like][number % 3](parameter.grad)
for to_none in (True, False):
    compare(plain, lambda *step: step_of(*step, to_none=to_none, between=replace))

def accumulate(net, optimizer, step):
    optimizer.zero_grad(set_to_none=step % 2 == 0)
    with net.no_sync():
        loss_of(net(batches[step])).backward()
    loss_of(net(batches[step + 1])).backward()
    loss_of(net(batches[step])).backward()
    optimizer.step()
compare(plain, accumulate)

def twice_forward(net, optimizer, step):
    optimizer.zero_grad()
    (loss_of(net(batches[step])) + loss_of(net(batches[step + 1]))).backward()
    optimizer.step()
compare(plain, twice_forward)

def scaled(net, optimizer, step, scaler=[]):
    if not scaler:
        scaler.append(torch.amp.GradScaler("cpu", init_scale=8.0))
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(net(batches[step]))
    scaler[0].scale(loss).backward()
    scaler[0].unscale_(optimizer)
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    scaler[0].step(optimizer)
    scaler[0].update()
compare(plain, scaled)
"""


@pytest.mark.parametrize("ranks", [2, 3])
def test_gradients_are_torchs_and_lie_in_buffers_of_one_size(agree, ranks):
    agree(DDP + WHERE + STEPS, ranks, timeout=120)


def test_without_shared_memory_gradients_are_the_same(agree):
    body = DDP + WHERE + "compare(plain, step_of, find_unused_parameters=True)\n"
    agree(body, 2, environment={"SDT_SHARED_MEMORY_DIR": "/proc"})


def test_between_nodes_gradients_are_the_same(agree):
    nodes = 'os.environ["SDT_SHARED_MEMORY_NODE"] = str(rank // 2)\n'
    nodes += "mine = dist.new_group(backend='smddp')\n"
    nodes += "assert len(mine._sharing.topology.nodes) == 2\n"
    body = DDP.replace("bucket_cap_mb=SMALL", "bucket_cap_mb=SMALL, process_group=mine")
    agree(nodes + body + "compare(plain, step_of)\n", 4, timeout=120)


KILLED = """
net = Ours(plain(), bucket_cap_mb=SMALL)
def die(gradient):
    if rank == 1 and step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
net.module[2].weight.register_hook(die)
try:
    for step in range(5):
        net.zero_grad()
        loss_of(net(batches[step])).backward()
except RuntimeError as error:
    print(step, error)
    raise SystemExit(3)
"""


def test_the_kill_of_a_rank_in_backward_ends_the_others_with_its_number(run_ranks):
    job = run_ranks(DDP + KILLED, 3, timeout=60)
    assert job.codes == [3, -signal.SIGKILL, 3], job.log(0)
    for rank in (0, 2):
        assert "3 " in job.log(rank)
        assert "rank 1 is gone" in job.log(rank)
