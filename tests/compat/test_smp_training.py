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
