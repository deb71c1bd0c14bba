"""The TensorFlow front ends where TensorFlow is not installed: the error says what brings it."""

import pytest

# As it is where nothing of that name is found, also on a machine that has it.
HIDDEN = """
import sys
sys.modules["tensorflow"] = None
try:
    import {module}
except ModuleNotFoundError as error:
    print(error.name, error)
import horovod.torch, smdistributed.dataparallel.torch.distributed
"""


@pytest.mark.parametrize(
    "module",
    [
        "horovod.tensorflow",
        "horovod.tensorflow.keras",
        "horovod.keras",
        "smdistributed.dataparallel.tensorflow",
    ],
)
def test_the_import_names_the_extra(job, module):
    job.run(HIDDEN.format(module=module))
    assert job.codes == [0], job.log()
    assert job.log().startswith("tensorflow TensorFlow is not installed here")
    assert "pip install 'jupyter-sdt[tensorflow]'" in job.log()
