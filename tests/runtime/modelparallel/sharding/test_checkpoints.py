"""Checkpoints of a sharded model."""


def test_training_goes_on_from_a_partial_checkpoint_and_from_a_full_one(agree, tmp_path):
    body = f"""
from jupyter_sdt.runtime.modelparallel.checkpoints.checkpoint import (
    resume_from_checkpoint, save_checkpoint)
path = {str(tmp_path / "checkpoints")!r}
begin(2)
plain = network()
model, optimizer = wrapped(plain)
train(plain, model, optimizer, 2)
for partial in (True, False):
    save_checkpoint(path, "two", partial=partial, model=model, optimizer=optimizer)
saved = copy.deepcopy((plain.state_dict(), optimizer.local_state_dict()["state"]))
train(plain, model, optimizer, 2)
for partial in (True, False):
    resume_from_checkpoint(path, "two", partial=partial)
    found = (dict(model.state_dict()), optimizer.local_state_dict()["state"])
    torch.testing.assert_close(found[0], dict(saved[0]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found[1], saved[1], rtol=0, atol=0)
"""
    agree(body, 2)
