GATHER = """
import torch
from accelerate.utils import operations

assert operations._gpu_gather(torch.ones(2)).sum() == 4
assert operations._gpu_gather.__globals__["PartialState"]().num_processes == 2
"""
OLDER = """
import torch

class PartialState:
    device = torch.device("cuda", 0)
    num_processes = 2

def _gpu_gather(tensor):
    state = PartialState()
    if state.device.type == "cuda" and tensor.device.type != "cuda":
        raise RuntimeError("One or more of the tensors were not on the GPU")
    return torch.cat([tensor] * state.num_processes)
"""


def test_tensors_are_gathered_from_virtual_devices(job):
    (job.path / "source" / "accelerate" / "utils").mkdir(parents=True)
    job.write("accelerate/__init__.py", "")
    job.write("accelerate/utils/__init__.py", "")
    job.write("accelerate/utils/operations.py", OLDER)
    assert job.run(GATHER, environment={"SDT_VIRTUAL_CUDA": "1"}).codes == [0], job.log()
