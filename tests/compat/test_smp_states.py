"""States of models and optimizers, as scripts save them by themselves; half precision; shares."""

import pytest

# Several jobs each, on machines that may be busy.
pytestmark = pytest.mark.timeout(400)
PATH = """
path = os.environ["CHECKPOINTS"]
expected, adam = plain(4)
"""


def files_in(folder):
    return sorted(p.name for p in folder.iterdir())


def test_save_and_load_name_files_by_stage_and_slice(smp_script, tmp_path):
    smp_script(
        """
from pathlib import Path
path = os.environ["CHECKPOINTS"] + "/deep/state.pt"
from smdistributed.modelparallel.torch.exceptions import SpecError
smp.save({"rank": smp.pp_rank()}, path, partial=True)
assert smp.load(path, partial=True) == {"rank": smp.pp_rank()}
smp.save(torch.ones(2), path + ".v3", v3=True)
smp.barrier()
assert sorted(os.listdir(os.path.dirname(path))) == [
    "state.pt.v3_0_0_0", "state.pt.v3_1_0_0", "state.pt_0_0", "state.pt_1_0"]
smp.barrier()
os.rename(path + f"_{smp.pp_rank()}_0", path + f"_{smp.mp_rank()}")
assert smp.load(path, back_compat=True) == {"rank": smp.pp_rank()}
if smp.rank() == 0:
    smp.save(os.path.join, path, partial=False)
smp.barrier()
assert smp.load(path, partial=False) is os.path.join
refused(lambda: smp.save({}, Path(path)), SpecError, "must be a str: give str(f)")
refused(lambda: smp.load(path + ".no"), FileNotFoundError, f"state.pt.no_{smp.pp_rank()}_0'")
""",
        2,
        partitions=2,
        folder=tmp_path,
    )


def test_states_of_ranks_and_of_the_whole_are_what_the_documentation_says(smp_script):
    smp_script(
        """
from smdistributed.modelparallel.test.torch.utils import dump_model, verify
model, optimizer = made()
refused(optimizer.local_state_dict, Exception, "before the model was partitioned")
whole = network().state_dict()
model.load_state_dict({k: v * 2 for k, v in whole.items()})
seen = []
model.register_post_partition_hook(lambda m, o: seen.append((m is model, o is optimizer)))
train_step(model, *batch(0))
assert seen == [(True, True)]
part = model.local_state_dict()
assert part["_smp_is_partial"] is True
names = {k for k in part if not k.startswith("_smp_")}
assert names and names < set(whole)
gathered = model.state_dict(gather_to_rank0=True)
assert gathered == {} if smp.rank() else list(gathered) == list(whole)
for name, value in model.state_dict().items():
    torch.testing.assert_close(value, whole[name] * 2, msg=name)
model.load_state_dict(part, same_partition_load=True)
refused(lambda: model.load_state_dict({"wrong.weight": torch.ones(1)}), RuntimeError,
        "Missing key(s)", 'Unexpected key(s) in state_dict: wrong.weight')
model.load_state_dict({"wrong.weight": torch.ones(1)}, strict=False)
dump_model(model, "dump.pt")
smp.barrier()
verify(model, "dump.pt")
optimizer.step()
if smp.rank() == 0:
    refused(lambda: verify(model, "dump.pt"), AssertionError, "differs from 'dump.pt'")
else:
    verify(model, "dump.pt")
""",
        2,
        partitions=2,
    )


def test_shared_out_optimizer_state_is_saved_by_every_replica(smp_script, tmp_path):
    grid = {"partitions": 1, "ddp": True, "shard_optimizer_state": True, "folder": tmp_path}
    smp_script(
        PATH
        + """
model, optimizer = made()
train(model, optimizer, 2)
smp.save_checkpoint(path, "s")
""",
        2,
        **grid,
    )
    assert files_in(tmp_path / "checkpoints" / "s_partial") == [
        "model_0_0.pt", "optimizer_0_0_0.pt", "optimizer_0_0_1.pt", "user_content.pt",
    ]  # fmt: skip
    smp_script(
        PATH
        + """
model, optimizer = made(lr=9.0)
smp.resume_from_checkpoint(path)
train(model, optimizer, 2, first=2)
same(model.state_dict(), expected.state_dict())
""",
        2,
        **grid,
    )
    smp_script(
        PATH
        + """
from smdistributed.modelparallel.torch.exceptions import SpecError
model, optimizer = made()
refused(lambda: smp.resume_from_checkpoint(path), SpecError, "for the ranks [2]", "every replica")
smp.resume_from_checkpoint(path, load_sharded_optimizer_state=False)
assert not optimizer.local_state_dict()["state"]
""",
        3,
        **grid,
    )


HALF = """
def made16():
    model = smp.DistributedModel(network().to(torch.float16))
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return model, smp.DistributedOptimizer(optimizer, dynamic_loss_scale=True,
        dynamic_loss_args={"init_scale": 64.0, "scale_window": 3})
batch64 = batch
def batch(step, *where):
    return [part.half() for part in batch64(step, *where)]
path = os.environ["CHECKPOINTS"]
model, optimizer = made16()
"""


def test_half_precision_keeps_full_copies_and_the_loss_scale(smp_script, tmp_path):
    grid = {"partitions": 2, "microbatches": 2, "fp16": True, "folder": tmp_path}
    smp_script(
        HALF
        + """
train(model, optimizer, 2)
smp.save_checkpoint(path, "h")
train(model, optimizer, 2, first=2)
assert optimizer.loss_scale == 128.0
smp.save(model.local_state_dict(), path + "/straight.pt")
""",
        2,
        **grid,
    )
    assert "fp16_states_1_0.pt" in files_in(tmp_path / "checkpoints" / "h_partial")
    smp_script(
        HALF
        + """
smp.resume_from_checkpoint(path)
train(model, optimizer, 2, first=2)
assert optimizer.loss_scale == 128.0
straight = smp.load(path + "/straight.pt")
mine = model.local_state_dict()
assert all(torch.equal(mine[k], v) for k, v in straight.items() if isinstance(v, torch.Tensor))
""",
        2,
        **grid,
    )


def test_without_saved_copies_they_are_made_of_the_parameters(smp_script, tmp_path):
    smp_script(
        HALF
        + """
train(model, optimizer, 1)
smp.save_checkpoint(path, "h")
os.remove(path + "/h_partial/fp16_states_0_0.pt")
with torch.no_grad():
    for master in optimizer.param_groups[0]["params"]:
        master.add_(1.0)
smp.resume_from_checkpoint(path)
weights = [p.float() for p in model.local_parameters()]
assert all(map(torch.equal, weights, optimizer.param_groups[0]["params"]))
""",
        1,
        fp16=True,
        folder=tmp_path,
    )
