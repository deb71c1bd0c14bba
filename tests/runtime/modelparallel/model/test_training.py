"""smp's step and model on real ranks: the same losses and gradients as one process."""

import json

import pytest


@pytest.mark.parametrize("pipeline", ["simple", "interleaved"])
def test_two_stages_train_like_one_process(agree, pipeline):
    job = agree(f"begin(partitions=2, microbatches=4, pipeline={pipeline!r}); train()", 2)
    partition = json.loads((job.path / "partition.json").read_text())
    assert partition["stages"] == 2
    assert {row["stage"] for row in partition["modules"]} == {0, 1}
    schedule = json.loads((job.path / "schedule.json").read_text())
    assert (schedule["stages"], schedule["microbatches"]) == (2, 4)
    done = {(row["stage"], row["microbatch"], row["kind"]) for row in schedule["tasks"]}
    assert done == {(s, m, k) for s in (0, 1) for m in range(4) for k in ("forward", "backward")}
    assert all(row["start"] < row["end"] for row in schedule["tasks"])
    assert "Partition assignments:" in job.log(0)


@pytest.mark.parametrize("placement", ["cluster", "spread"])
def test_two_replicas_of_two_stages_train_like_one_process(agree, placement):
    agree(
        f"begin(partitions=2, microbatches=2, ddp=True, placement_strategy={placement!r}); train()",
        4,
    )


def test_two_replicas_of_one_stage_train_like_one_process(agree):
    agree("begin(partitions=1, microbatches=4, ddp=True); train()", 2)


def test_one_process_alone(agree):
    agree("begin(microbatches=2); train()", 1)


def test_replicas_serve_in_one_order_where_asked(agree):
    body = """
begin(partitions=2, microbatches=4, ddp=True, deterministic_server=True)
from jupyter_sdt.runtime.modelparallel.pipeline.loop import Loop
steps, resume = [], Loop._resume
def recorded(self, task):
    steps.append((self.post.step, task.microbatch, task.phase))
    if here.group("dp").rank and task.microbatch == 1:
        sum(range(100000))  # this replica takes longer
    resume(self, task)
Loop._resume = recorded
train(3)
everybody = [None] * 4
dist.all_gather_object(everybody, steps)
mine = here.group("dp").ranks
assert len(steps) > 12 and everybody[mine[0]] == everybody[mine[1]]
"""
    agree(body, 4)
