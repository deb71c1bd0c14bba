"""Entry points that are modules of the source folder: ``pkg.train``."""

from __future__ import annotations

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import JobError, SpecError


class Session:
    """What of SageMaker's session counts."""

    boto_region_name = "eu-west-1"


PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/data.py": "rows = 3\n",
    "pkg/train.py": "import sys\nfrom .data import rows\n"
    "print(__name__, __package__, rows, sys.argv[0].endswith('pkg/train.py'), sys.argv[1:])\n",
    "pkg/fails.py": "from .data import rows\n1 / 0\n",
}


@pytest.mark.parametrize("launcher", ["nursery", "python"])
def test_a_module_of_the_source_folder_runs_as_python_m_would(tmp_path, launcher):
    for name, text in PACKAGE.items():
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_text(text)
    usual = {"source_dir": str(tmp_path / "src"), "launcher": launcher}
    job = PyTorch(entry_point="pkg.train", hyperparameters={"lr": 1}, **usual).start()
    job.wait(timeout_seconds=90)
    assert list(job.logs()) == ["__main__ pkg 3 True ['--lr', '1']"]
    failing = PyTorch(entry_point="pkg.fails", **usual).start()
    with pytest.raises(JobError, match="ZeroDivisionError"):
        failing.wait(timeout_seconds=90)


def test_a_module_needs_a_package_where_an_image_runs_it(tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "train.py").write_text("")
    remote = {"role": "r", "instance_type": "ml.g5.xlarge", "instance_count": 1}
    remote |= {"framework_version": "2.5.1", "py_version": "py311", "sagemaker_session": Session()}
    estimator = PyTorch(entry_point="pkg.train", source_dir=str(tmp_path), **remote)
    with pytest.raises(SpecError, match=r"add a setup\.py to source_dir"):
        estimator.plan(job_name="a")
    (tmp_path / "setup.py").write_text("from setuptools import setup\nsetup(name='pkg')\n")
    sent = estimator.plan(job_name="a").request["HyperParameters"]
    assert sent["sagemaker_program"] == '"pkg.train"'
