"""Who can import our substitutes for other libraries, and that the real ones come first."""

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_sdt.runtime.compat_path import COMPAT, provided_names

REAL = "VERSION = 'the real one'\n"


@pytest.fixture
def installed(tmp_path):
    """A folder in which somebody has installed horovod."""
    (tmp_path / "packages" / "horovod").mkdir(parents=True)
    (tmp_path / "packages" / "horovod" / "__init__.py").write_text(REAL)
    return tmp_path / "packages"


def test_the_names_are_those_of_the_libraries():
    assert set(provided_names()) >= {"horovod", "smdistributed"}


def test_nothing_but_a_rank_sees_them():
    code = "import importlib.util, jupyter_sdt, jupyter_sdt.job, jupyter_sdt.notebook.magics\n"
    code += f"print([n for n in {provided_names()} if importlib.util.find_spec(n)])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_in_a_rank_they_are_found_last(job):
    job.run("import sys, horovod; print(sys.path[-1]); print(horovod.__file__)")
    assert job.log().splitlines() == [str(COMPAT), str(COMPAT / "horovod" / "__init__.py")]


def test_an_installed_library_comes_first(job, installed):
    path = {"PYTHONPATH": f"{installed}:{Path(__file__).parents[2]}"}
    job.run("import horovod, smdistributed; print(horovod.VERSION)", environment=path)
    assert job.log() == "the real one\n"


def shell_job(job, environment=None):
    script = f"#!/bin/sh\n{sys.executable} -c 'import horovod; print(horovod.__file__)'\n"
    job.write("train.sh", script)
    job.start("train.sh", environment=environment)
    return job.wait().log()


def test_the_python_that_a_shell_script_starts_sees_them(job):
    assert shell_job(job) == f"{COMPAT / 'horovod' / '__init__.py'}\n"


def test_a_shell_script_gets_an_installed_library_and_not_ours(job, installed):
    path = f"{installed}:{Path(__file__).parents[2]}"
    found = shell_job(job, {"PYTHONPATH": path})
    assert found == f"{installed / 'horovod' / '__init__.py'}\n"
