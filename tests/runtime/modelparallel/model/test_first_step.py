"""The step in which a model is divided."""


def test_an_exception_in_the_traced_step_comes_with_its_traceback(agree):
    body = """
from jupyter_sdt.errors import StageError
begin(partitions=2)
model = DistributedModel(network())

@step
def wrong_step(model, x):
    raise KeyError("broken part")

try:
    wrong_step(model, torch.randn(2, 8))
except StageError as error:
    assert rank == 1 and (error.stage, error.rank) == (0, 0)
    assert "KeyError: 'broken part'" in str(error) and "in wrong_step" in error.traceback
except KeyError:
    assert rank == 0
else:
    raise AssertionError("it ran")
"""
    agree(body, 2)


def test_a_partition_is_written_to_a_file_and_loaded_again(agree, tmp_path):
    body = f"""
import json
from jupyter_sdt.runtime.modelparallel.script_state import state
path = {str(tmp_path / "cut.json")!r}
begin(partitions=2, microbatches=2, partition_file=path)

@step
def forward(model, x):
    return model(x)

def stages(module):
    state.__init__()
    model = DistributedModel(module)
    forward(model, torch.randn(4, 8))
    return dict(model.placement.stage_of)

first = stages(network())
if rank == 0:
    saved = json.load(open(path))
    for row in saved["modules"]:
        row["stage"] = int(row["name"].startswith("0"))
    json.dump(saved, open(path, "w"))
dist.barrier()
asked = dict(partitions=2, microbatches=2, partition_file=path, load_partition=True)
world._world = None
begin(**asked)
again = stages(network())
assert again != first and again["0.1"] == 1 and again["1.1"] == 0
for wrong, words in ((lambda: network(layers=5), "another model"), (None, "partitions=2")):
    if wrong is None and rank == 0:
        json.dump(saved | {{"stages": 3}}, open(path, "w"))
    dist.barrier()
    try:
        stages((wrong or network)())
    except Exception as error:
        assert "partition_file" in str(error) and words in str(error), error
    else:
        raise AssertionError("it was accepted")
"""
    agree(body, 2)
