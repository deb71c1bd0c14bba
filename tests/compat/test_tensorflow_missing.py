"""The TensorFlow front ends where TensorFlow is not installed: the error says what brings it."""

import subprocess

from support import python_without

MODULES = (
    "horovod.tensorflow",
    "horovod.tensorflow.keras",
    "horovod.keras",
    "smdistributed.dataparallel.tensorflow",
)
SCRIPT = f"""
from importlib import import_module
from importlib.util import find_spec
print(find_spec("tensorflow"))
for module in {MODULES}:
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        print(error.name, error)
import horovod.torch, smdistributed.dataparallel.torch.distributed
"""


def test_the_imports_name_the_extra(job, tmp_path):
    job.write("entry_point.py", SCRIPT)
    (job.path / "job.json").write_text("{}")
    python = python_without(tmp_path / "environment", "tensorflow")
    command = [str(python), "-m", "jupyter_sdt.runtime.run", "entry_point.py"]
    environment = job.environment(0, 1, 0)
    subprocess.run(command, cwd=job.path / "source", env=environment, check=True, timeout=200)
    found, *errors = job.log().splitlines()
    assert found == "None"
    assert len(errors) >= len(MODULES)  # and a warning of the last import
    for error in errors[: len(MODULES)]:
        assert error.startswith("tensorflow TensorFlow is not installed here"), error
        assert error.endswith("pip install 'jupyter-sdt[tensorflow]'"), error
