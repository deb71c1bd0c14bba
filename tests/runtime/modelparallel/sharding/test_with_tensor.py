"""Slices of tensor peers, sharded among replicas: the training of one process."""

BODY = """
import jupyter_sdt.runtime.modelparallel.tensor.marks as marks
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
from jupyter_sdt.runtime.modelparallel.tensor_slices import slice_of

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(
            nn.LayerNorm(8), nn.Linear(8, 33), nn.Tanh(), nn.Linear(33, 8)) for _ in range(2))
        self.odd, self.head = nn.Linear(8, 7), nn.Linear(7, 1)
    def forward(self, hidden):
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return self.head(self.odd(hidden))

def parallel(plain):
    divided = copy.deepcopy(plain)
    marks.set_tensor_parallelism(divided)
    model = DistributedModel(divided)
    return model, DistributedOptimizer(torch.optim.Adam(model.parameters(), lr=0.01))

begin(2, tensor_parallel_degree=2, placement_strategy=PLACEMENT)
plain = Net()
model, optimizer = parallel(plain)
kinds = [(slice_of(p) is not None, hasattr(p, "to_local")) for p in model.parameters()]
assert set(kinds) == {(a, b) for a in (True, False) for b in (True, False)}, kinds
train(plain, model, optimizer, 10)
assert optimizer._global_grad_norm > 0.05
found = model.state_dict()
assert list(found) == list(plain.state_dict())
torch.testing.assert_close(found, dict(plain.state_dict()), rtol=1e-9, atol=1e-12)
"""
AGAIN = """
for partial in (True, False):
    save_checkpoint(path, "ten", partial=partial, model=model, optimizer=optimizer)
before = copy.deepcopy(plain)
moments = copy.deepcopy(optimizer.local_state_dict()["state"])
state, optimum = torch.get_rng_state(), torch.optim.Adam(plain.parameters(), lr=0.01)
train(plain, model, optimizer, 2)
resume_from_checkpoint(path, "ten")
torch.testing.assert_close(dict(model.state_dict()), dict(before.state_dict()))
torch.testing.assert_close(optimizer.local_state_dict()["state"], moments, rtol=0, atol=0)
for parameter in model.parameters():
    getattr(parameter, "to_local", lambda p=parameter: p)().data.zero_()
resume_from_checkpoint(path, "ten", partial=False)
torch.testing.assert_close(dict(model.state_dict()), dict(before.state_dict()))
"""


def test_slices_are_sharded_among_their_replicas(agree, tmp_path):
    path = f"path = {str(tmp_path / 'checkpoints')!r}\n"
    agree(BODY.replace("PLACEMENT", repr("cluster")) + path + AGAIN, 4)


def test_peers_may_stand_apart(agree):
    agree(BODY.replace("PLACEMENT", repr("TPD")), 4)


def test_large_layers_are_gathered_in_parts(agree):
    agree(
        """
begin(2, sdp_max_live_parameters=400)
plain = network()
model, optimizer = wrapped(plain)
from torch.distributed.fsdp import FSDPModule
inner = model.get_module()
assert isinstance(inner[1][0], FSDPModule) and isinstance(inner[1][2], FSDPModule)
train(plain, model, optimizer)
torch.testing.assert_close(model.state_dict(), dict(plain.state_dict()), rtol=1e-9, atol=1e-12)
p = inner[1][0].weight
assert p.ds_numel == 9 * 36 and tuple(p.ds_shape) == (36, 9) and p.ds_tensor.shape == (18, 9)
""",
        2,
    )
