"""Checkpoints of scripts written for smdistributed.modelparallel, on real files."""

import signal

import pytest
import torch

# Several jobs each, on machines that may be busy.
pytestmark = pytest.mark.timeout(400)

RESUMED = """
path = os.environ["CHECKPOINTS"]
expected, adam = plain(4)
"""


def files_in(folder):
    return sorted(p.name for p in folder.iterdir())


def test_resumed_training_equals_uninterrupted_training(smp_script, tmp_path):
    grid = {"partitions": 2, "microbatches": 2, "ddp": True, "folder": tmp_path}
    smp_script(
        RESUMED
        + """
model, optimizer = made()
train(model, optimizer, 2)
smp.save_checkpoint(path, tag="step_2", model=model, optimizer=optimizer,
                    user_content={"steps": 2, "rates": [0.1]})
""",
        4,
        **grid,
    )
    assert files_in(tmp_path / "checkpoints") == ["newest", "step_2_partial"]
    assert (tmp_path / "checkpoints" / "newest").read_text() == "step_2"
    assert files_in(tmp_path / "checkpoints" / "step_2_partial") == [
        "model_0_0.pt", "model_1_0.pt", "optimizer_0_0.pt", "optimizer_1_0.pt", "user_content.pt",
    ]  # fmt: skip
    smp_script(
        RESUMED
        + """
torch.manual_seed(99)
model, optimizer = made(lr=0.5)
for p in model.parameters():
    p.data.normal_()
content = smp.resume_from_checkpoint(path, partial=True)
assert content == {"steps": 2, "rates": [0.1]}
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 100)
train(model, optimizer, 2, first=2)
same(model.state_dict(), expected.state_dict())
assert optimizer.param_groups[0]["lr"] == 0.01
""",
        4,
        **grid,
    )


def test_a_full_checkpoint_fits_other_degrees(smp_script, tmp_path):
    smp_script(
        RESUMED
        + """
model, optimizer = made()
train(model, optimizer, 4)
smp.save_checkpoint(path, tag="end.pt", partial=False, model=model, user_content={"n": 4})
state = optimizer.state_dict()
if smp.rank() == 0:
    torch.save(state, path + "/optimizer.pt")
""",
        2,
        partitions=2,
        folder=tmp_path,
    )
    folder = tmp_path / "checkpoints"
    assert files_in(folder) == ["end.pt", "optimizer.pt", "user_content_end.pt"]
    state = torch.load(folder / "end.pt", weights_only=True)
    assert list(state)[:2] == ["offset", "first.0.weight"]
    for ranks, degrees in ((1, {}), (3, {"partitions": 3}), (2, {"ddp": True})):
        smp_script(
            RESUMED
            + """
model, optimizer = made()
assert smp.resume_from_checkpoint(path, partial=False) == {"n": 4}
optimizer.load_state_dict(torch.load(path + "/optimizer.pt"))
train(model, optimizer, 2, first=4)
same(model.state_dict(), plain(6)[0].state_dict())
""",
            ranks,
            folder=tmp_path,
            **degrees,
        )


def test_a_partial_checkpoint_of_other_degrees_is_refused_by_name(smp_script, tmp_path):
    smp_script(
        RESUMED + "model, optimizer = made()\ntrain(model, optimizer, 1)\n"
        'smp.save_checkpoint(path, "a")',
        2,
        partitions=2,
        folder=tmp_path,
    )
    smp_script(
        RESUMED
        + """
from smdistributed.modelparallel.torch.exceptions import SpecError
model, optimizer = made()
refused(lambda: smp.resume_from_checkpoint(path), SpecError,
        "saved with pipeline_parallel_degree=2", "this job has pipeline_parallel_degree=1",
        "partial=False")
refused(lambda: smp.resume_from_checkpoint(path, "b"), FileNotFoundError, "b_partial")
refused(lambda: smp.resume_from_checkpoint(path, partial=False), FileNotFoundError, "no full")
refused(lambda: smp.save_checkpoint(path, "../up"), SpecError, "tag='../up'")
refused(lambda: smp.save_checkpoint(path, "newest"), SpecError, "tag='newest'")
refused(lambda: smp.save_checkpoint(path, "c", num_kept_partial_checkpoints=0), SpecError, "=0")
""",
        1,
        folder=tmp_path,
    )


def test_only_so_many_partial_checkpoints_are_kept_and_a_tag_may_be_saved_again(
    smp_script, tmp_path
):
    smp_script(
        RESUMED
        + """
model, optimizer = made()
for step, tag in enumerate(["a", "b", "b", "c"]):
    train(model, optimizer, 1, first=step)
    smp.save_checkpoint(path, tag, num_kept_partial_checkpoints=2, user_content=tag + str(step))
assert sorted(os.listdir(path)) == ["b_partial", "c_partial", "newest"], os.listdir(path)
assert smp.resume_from_checkpoint(path, "b") == "b2"
assert smp.resume_from_checkpoint(path) == "c3"
same(model.state_dict(), expected.state_dict())
""",
        2,
        partitions=2,
        folder=tmp_path,
    )


KILLED = """
model, optimizer = made()
train(model, optimizer, 1)
smp.save_checkpoint(path, "good", user_content="good")
train(model, optimizer, 1, first=1)
class Fatal:
    # Pickled in the middle of a file, when other files are already there.
    def __reduce__(self):
        if smp.rank() == 0:
            open(path + "/killed", "w").close()
            os.kill(os.getpid(), 9)
        return (int, ())
smp.save_checkpoint(path, TAG, user_content=[torch.ones(1000), Fatal()])
"""


def test_a_job_killed_while_it_saves_leaves_the_good_checkpoint(job, smp_script, tmp_path):
    for tag in ("next", "good"):
        smp_script.start(RESUMED + f"TAG = {tag!r}\n" + KILLED, 2, partitions=2, folder=tmp_path)
        codes = job.wait().codes
        assert codes[0] == -signal.SIGKILL, job.log()
        folder = tmp_path / "checkpoints"
        assert (folder / "killed").exists()
        assert (folder / f".{tag}_partial.incomplete").is_dir()
        assert (folder / "newest").read_text() == "good"
        smp_script(
            RESUMED
            + """
model, optimizer = made()
assert smp.resume_from_checkpoint(path) == "good"
assert not [name for name in os.listdir(path) if name.startswith(".")]
train(model, optimizer, 3, first=1)
same(model.state_dict(), expected.state_dict())
smp.save_checkpoint(path, "after", num_kept_partial_checkpoints=1)
assert "after_partial" in os.listdir(path)
""",
            2,
            partitions=2,
            folder=tmp_path,
        )
        (folder / "killed").unlink()


def test_a_job_killed_between_two_names_finds_the_older_checkpoint_again(smp_script, tmp_path):
    body = RESUMED + "model, optimizer = made()\ntrain(model, optimizer, 1)\n"
    save = 'smp.save_checkpoint(path, "a", user_content=1)\n'
    smp_script(body + save, 2, partitions=2, folder=tmp_path)
    folder = tmp_path / "checkpoints"
    (folder / "a_partial").rename(folder / ".a_partial.replaced")
    again = 'assert smp.resume_from_checkpoint(path, "a") == 1\n'
    smp_script(body + again, 2, partitions=2, folder=tmp_path)
    assert files_in(folder) == ["a_partial", "newest"]


def test_a_rank_that_cannot_write_fails_on_all_ranks_and_the_old_one_stays(smp_script, tmp_path):
    smp_script(
        RESUMED
        + """
from smdistributed.modelparallel.torch.exceptions import RuntimeStateError
model, optimizer = made()
train(model, optimizer, 1)
smp.save_checkpoint(path, "a", user_content="old")
class Unwritable:
    def local_state_dict(self):
        return {"state": open} if smp.rank() == 0 else {"state": (n for n in ())}
kind, words = (TypeError, "pickle") if smp.rank() else (RuntimeStateError, "rank 1")
refused(lambda: smp.save_checkpoint(path, "a", optimizer=Unwritable()), kind, words)
assert smp.resume_from_checkpoint(path) == "old"
assert sorted(os.listdir(path)) == ["a_partial", "newest"]
""",
        2,
        partitions=2,
        folder=tmp_path,
    )
