"""The front door: what is public, and that knocking costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import jupyter_sdt
from jupyter_sdt import errors

# Frozen: a name leaves this list only with a major version.
PUBLIC = [
    "Distribution",
    "Estimator",
    "FileSystemInput",
    "HuggingFace",
    "MXNet",
    "PyTorch",
    "ScalingStudy",
    "TensorFlow",
    "TrainingInput",
    "TrainingJob",
    "errors",
    "list_jobs",
    "list_remote_jobs",
]
IMPORT_SECONDS = 0.05


def test_the_public_names_are_these():
    assert jupyter_sdt.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(jupyter_sdt))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_called_so(name):
    value = getattr(jupyter_sdt, name)
    assert getattr(value, "__name__").rpartition(".")[2] == name  # noqa: B009
    assert value.__doc__
    assert getattr(jupyter_sdt, name) is value


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'jupyter_sdt' has no attribute 'Estimater'"):
        _ = jupyter_sdt.Estimater


def test_errors_form_one_tree():
    kinds = [v for v in vars(errors).values() if getattr(v, "__module__", "") == errors.__name__]
    kinds = [kind for kind in kinds if isinstance(kind, type)]
    assert len(kinds) > 5
    assert all(issubclass(kind, errors.SdtError) for kind in kinds)
    assert issubclass(errors.DistributionError, errors.SpecError)


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_importing_the_package_takes_less_than_50_ms():
    code = "import time; t = time.perf_counter(); import jupyter_sdt; print(time.perf_counter()-t)"
    assert min(float(run(code)) for _ in range(3)) < IMPORT_SECONDS


def test_importing_the_package_imports_none_of_its_parts():
    code = "import sys, jupyter_sdt; print(*(m for m in sys.modules if 'jupyter_sdt.' in m))"
    assert run(code).split() == []


def test_training_words_need_neither_torch_nor_jupyter():
    code = (
        "import sys; from jupyter_sdt import *; Estimator(); "
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    heavy = {"torch", "numpy", "pandas", "matplotlib", "IPython", "ipywidgets", "boto3"}
    assert not heavy & set(run(code).split())
