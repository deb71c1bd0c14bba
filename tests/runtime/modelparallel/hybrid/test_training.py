"""FSDP inside a job of version 2: ten steps as one process takes them, checkpoints, any degree."""

import pytest

TRAINING = """
import sys
from torch.sagemaker.distributed.checkpoint.state_dict_saver import (
    async_save, maybe_finalize_async_calls, save)
from torch.sagemaker.distributed.checkpoint.state_dict_loader import load
from torch.sagemaker.distributed.checkpoint.state_dict_utils import (
    SMStateDictType, init_optim_state, sm_state_dict_type)
from torch.sagemaker.grad_norm import clip_grad_norm_

folder, strategy = sys.argv[1], getattr(ShardingStrategy, sys.argv[2], None)
plain = make("Llama")
model = wrapped(tsm.transform(copy.deepcopy(plain)), strategy)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
reference = torch.optim.AdamW(plain.parameters(), lr=1e-2)
shards = dist.get_process_group_ranks(model.process_group)
assert len(shards) == tsm.state.shard_size and dist.get_rank() in shards, shards

def state_of(step):
    with sm_state_dict_type(model, SMStateDictType.SM_LOCAL_STATE_DICT):
        return {"model": model.state_dict(), "step": step,
                "whole": FSDP.optim_state_dict(model, optimizer), "own": optimizer.state_dict()}

def resume(with_own):
    asked = state_of(0)
    if not with_own:
        asked.pop("own")
    load(asked, checkpoint_id=folder)
    with sm_state_dict_type(model, SMStateDictType.SM_LOCAL_STATE_DICT):
        model.load_state_dict(asked["model"])
        if with_own:
            optimizer.load_state_dict(asked["own"])
        else:
            loaded = FSDP.optim_state_dict_to_load(model, optimizer, asked["whole"])
            optimizer.load_state_dict(loaded)
    return asked["step"]
"""
TEN_STEPS = """
train(model, optimizer, plain, reference, clip=clip_grad_norm_)
check_weights(model, plain)
assert async_save(state_of(10), checkpoint_id=folder) is not None
kept = copy.deepcopy(plain), copy.deepcopy(reference.state_dict())
if dist.get_rank() == 0:
    torch.save([kept[0].state_dict(), kept[1]], folder + ".plain")
train(model, optimizer, plain, reference, steps=2)  # while the checkpoint is written
assert maybe_finalize_async_calls(blocking=True) == [0]
assert maybe_finalize_async_calls() == []
plain = kept[0]
reference = torch.optim.AdamW(plain.parameters(), lr=1e-2)
reference.load_state_dict(kept[1])
assert resume(with_own=True) == 10
check_weights(model, plain)
train(model, optimizer, plain, reference, steps=2)
check_weights(model, plain)
"""
OTHER_DEGREE = """
from jupyter_sdt.errors import SpecError
init_optim_state(optimizer)
check_weights(model, plain)  # making the state has changed nothing
assert resume(with_own=False) == 10
whole, whole_optimizer = torch.load(folder + ".plain")
plain.load_state_dict(whole)
reference.load_state_dict(whole_optimizer)
check_weights(model, plain)
train(model, optimizer, plain, reference, steps=2)
check_weights(model, plain)
refused(lambda: resume(with_own=True), SpecError, "no state of rank", "FSDP.optim_state_dict")
"""
INTERRUPTED = """
from pathlib import Path
from torch.distributed.checkpoint.api import CheckpointException
from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.folders import PublishingWriter
refused(lambda: load({"model": {}}, checkpoint_id=folder), FileNotFoundError, "no complete")
refused(lambda: save({}, checkpoint_id=None), SpecError, "checkpoint_id=None")
value = torch.arange(4.0)
save({"value": value, "step": 1}, checkpoint_id=folder)
finish = PublishingWriter.finish
def fail(*arguments, **named):
    raise OSError("the disk is full")
PublishingWriter.finish = fail
async_save({"value": value + 1, "step": 2}, checkpoint_id=folder)
refused(lambda: maybe_finalize_async_calls(blocking=True), CheckpointException, "disk is full")
PublishingWriter.finish = finish
found = {"value": torch.zeros(4), "step": 0}
load(found, checkpoint_id=folder)
assert found["step"] == 1 and torch.equal(found["value"], value)
# Cut off between the two moves: what was put aside is still there.
Path(folder).rename(Path(folder).with_name("." + Path(folder).name + ".replaced"))
found["step"] = 0
load(found, checkpoint_id=folder)
assert found["step"] == 1
save({"value": value + 2, "step": 3}, checkpoint_id=folder)
load(found, checkpoint_id=folder)
assert found["step"] == 3 and torch.equal(found["value"], value + 2)
names = {name for name in os.listdir(Path(folder).parent) if "checkpoint" in name}
assert names == {"checkpoint"}, names
"""


@pytest.mark.timeout(500)  # on machines that may be busy
def test_tensor_peers_in_shards_train_and_their_checkpoint_suits_other_degrees(
    hybrid_ranks, tmp_path
):
    folder = str(tmp_path / "checkpoint")
    hybrid_ranks(TRAINING + TEN_STEPS, 4, folder, "none", tensor_parallel_degree=2)
    hybrid_ranks(TRAINING + OTHER_DEGREE, 2, folder, "FULL_SHARD")
    hybrid_ranks(TRAINING + OTHER_DEGREE, 2, folder, "none", tensor_parallel_degree=2)


@pytest.mark.timeout(300)
def test_groups_of_shards_are_replicas_of_each_other(hybrid_ranks, tmp_path):
    folder = str(tmp_path / "checkpoint")
    hybrid_ranks(TRAINING + TEN_STEPS, 4, folder, "none", hybrid_shard_degree=2)


def test_a_checkpoint_that_is_cut_off_never_replaces_a_good_one(hybrid_ranks, tmp_path):
    hybrid_ranks(TRAINING + INTERRUPTED, 1, str(tmp_path / "checkpoint"), "none")
