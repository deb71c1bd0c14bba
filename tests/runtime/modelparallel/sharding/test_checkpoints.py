"""Checkpoints of a sharded model."""

BODY = """
import os
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
begin(2)
plain = network()
plain[0].register_buffer("scale", torch.full((3,), 7.0))
model, optimizer = wrapped(plain)
train(plain, model, optimizer, 2)
for partial in (True, False):
    save_checkpoint(path, "two", partial=partial, model=model, optimizer=optimizer)
saved = copy.deepcopy((plain.state_dict(), optimizer.local_state_dict()["state"]))
"""


def test_training_goes_on_from_a_partial_checkpoint_and_from_a_full_one(agree, tmp_path):
    body = """
train(plain, model, optimizer, 2)
for partial in (True, False):
    resume_from_checkpoint(path, "two", partial=partial)
    found = (dict(model.state_dict()), optimizer.orig_state_dict()["state"])
    torch.testing.assert_close(found[0], dict(saved[0]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found[1], saved[1], rtol=0, atol=0)
"""
    agree(f"path = {str(tmp_path / 'checkpoints')!r}" + BODY + body, 4)


def test_files_hold_what_published_scripts_join(agree, tmp_path):
    """Joined as DeepSpeed's public zero_to_fp32.py joins flat groups of stage 3."""
    body = """
names = {id(p): n for n, p in model.named_parameters()}
groups = [{names[id(p)]: p.ds_shape for p in group} for group in optimizer.fp16_groups]
inside = f"{path}/two_partial"
assert sorted(os.listdir(inside)) == [
    "model_0.pt", "model_1.pt", "optimizer_0.pt", "optimizer_1.pt", "user_content.pt"]
read = lambda name: torch.load(f"{inside}/{name}.pt", weights_only=False)
parts = [read("optimizer_0"), read("optimizer_1")]
assert [part["partition_count"] for part in parts] == [2, 2]
for number, shapes in enumerate(groups):
    begin = 0
    for name, shape in shapes.items():
        share = -(-shape.numel() // 2)
        pieces = [p["fp32_flat_groups"][number].narrow(0, begin, share) for p in parts]
        whole = torch.cat(pieces)[:shape.numel()].view(shape)
        torch.testing.assert_close(whole, saved[0][name].float())
        begin += share
    assert begin == len(parts[0]["fp32_flat_groups"][number])
module = read("model_0")["module"]
assert torch.equal(module["0.scale"], plain[0].scale) and "module.0.scale" in module
"""
    agree(f"path = {str(tmp_path / 'checkpoints')!r}" + BODY + body, 2)
