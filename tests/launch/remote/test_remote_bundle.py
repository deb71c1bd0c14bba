"""The archive, unpacked and run as SageMaker's toolkit would run it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.launch.remote.bundle import program, write_archive
from jupyter_sdt.launch.remote.logs import split_records
from jupyter_sdt.spec.job_spec import Cell, JobSpec
from jupyter_sdt.store.job_directory import job_directory

FIVE = b"\x80\x04K\x05."  # the number 5, pickled


def spec(**fields) -> JobSpec:
    return JobSpec(
        **{
            "job_name": "job",
            "entry_point": "entry_point.py",
            "python": "python",
            "created_seconds": time.time(),
            "instance_type": "ml.g5.xlarge",
            "sagemaker": {"py_version": "py311"},
            **fields,
        }
    )


def unpacked(made: JobSpec, source: str, folder: Path) -> Path:
    directory = job_directory("job")
    directory.create()
    (directory.source / "entry_point.py").write_text(source)
    (directory.source / "helper").mkdir()
    (directory.source / "helper" / "__init__.py").write_text("WORD = 'helped'\n")
    (directory.variables_in / "rows.pickle").write_bytes(FIVE)
    write_archive(made, directory, folder / "sourcedir.tar.gz")
    code = folder / "code"
    with tarfile.open(folder / "sourcedir.tar.gz") as archive:
        archive.extractall(code, filter="data")
    return code


def run(code: Path, name: str, flag: str = "-S") -> subprocess.CompletedProcess[str]:
    """Start ``name`` where, with ``-S``, only the archive's own files can be imported from."""
    command = [sys.executable, flag, name, "--epochs", "3"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SDT_", "PYTHON"))}
    kept |= {"TRAINING_JOB_NAME": "job", "SM_CURRENT_HOST": "algo-2"}
    kept |= {"SM_HOSTS": '["algo-1", "algo-2"]', "SM_OUTPUT_DIR": str(code.parent)}
    return subprocess.run(command, cwd=code, env=kept, capture_output=True, text=True, check=False)


def test_a_cell_runs_in_the_image_with_variables_arguments_and_metrics(tmp_path):
    made = spec(cell=Cell(execution_count=7), variables_in=("rows",))
    source = (
        "import sys, helper\n"
        "from jupyter_sdt.runtime import log_metrics\n"
        "print(__name__, rows, helper.WORD, sys.argv[1:])\n"
        "log_metrics(step=2, loss=0.5)\n"
    )
    ended = run(unpacked(made, source, tmp_path), program(made))
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()
    assert "__main__ 5 helped ['--epochs', '3']" in said
    (record,) = [record for line in said for record in split_records(line)[1]]
    assert (record.rank, record.step, record.values) == (1, 2, {"loss": 0.5})


@pytest.mark.slow
def test_autolog_prints_the_steps_of_a_script_that_logs_nothing(tmp_path):
    made = spec(environment={"SDT_AUTOLOG": "1"})
    source = (
        "import torch\n"
        "model = torch.nn.Linear(2, 1)\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.5)\n"
        "for _ in range(3):\n"
        "    model(torch.ones(4, 2)).sum().backward()\n"
        "    optimizer.step()\n"
    )
    ended = run(unpacked(made, source, tmp_path), program(made), flag="-s")
    ended.check_returncode()
    records = [r for line in ended.stdout.splitlines() for r in split_records(line)[1]]
    assert {record.source for record in records} == {"autolog"}
    assert records[-1].step == 3
    assert records[-1].values["learning_rate"] == 0.5


def test_an_exception_is_told_by_the_line_of_the_cell(tmp_path):
    made = spec(cell=Cell(execution_count=7))
    ended = run(unpacked(made, "x = 1\nraise ValueError('bad')\n", tmp_path), program(made))
    assert ended.returncode == 1
    assert "Cell In[7], line 2" in ended.stderr
    assert "ValueError: bad" in ended.stderr
    assert "image_entry" not in ended.stderr
    assert (tmp_path / "failure").read_text() == "ValueError: bad (Cell In[7], line 2)"


def test_a_script_is_started_itself_with_the_runtime_beside_it(tmp_path):
    made = spec()
    assert program(made) == "entry_point.py"
    code = unpacked(made, "from jupyter_sdt.runtime import log_metrics\n", tmp_path)
    assert run(code, "entry_point.py").returncode == 0
    assert not (code / "sdt_job").exists()


@pytest.mark.parametrize(
    ("fields", "started"),
    [
        ({"environment": {"SDT_AUTOLOG": "1"}}, "sdt_entry.py"),
        ({"cell": Cell(), "sagemaker": {"py_version": "py38"}}, "entry_point.py"),
        ({"cell": Cell(), "sagemaker": {"image_uri": "mine"}}, "entry_point.py"),
        ({"variables_in": ("a",), "sagemaker": {"image_uri": "mine"}}, "sdt_entry.py"),
        ({"cell": Cell(), "entry_point": "train.sh"}, "train.sh"),
    ],
)
def test_the_runtime_goes_around_what_needs_it_and_can_have_it(fields, started):
    assert program(spec(**fields)) == started


def test_autolog_needs_a_new_python():
    old = spec(environment={"SDT_AUTOLOG": "1"}, sagemaker={"py_version": "py310"})
    with pytest.raises(SpecError, match="py_version='py310'"):
        program(old)


def test_requirements_given_apart_take_the_place_of_the_folders(tmp_path):
    asked = tmp_path / "wanted.txt"
    asked.write_text("einops\n")
    code = unpacked(spec(requirements=str(asked)), "", tmp_path)
    assert (code / "requirements.txt").read_text() == "einops\n"


def test_nothing_tells_whose_machine_it_came_from(tmp_path):
    unpacked(spec(), "", tmp_path)
    with tarfile.open(tmp_path / "sourcedir.tar.gz") as archive:
        owners = {(entry.uid, entry.gid, entry.uname) for entry in archive}
    assert owners == {(0, 0, "")}


@pytest.mark.parametrize(
    ("message", "text", "records"),
    [
        ("plain\n", "plain", 0),
        ('{"time":1,"values":{}}', '{"time":1,"values":{}}', 0),
        ('{"time":1.5,"rank":0,"step":null,"source":"autolog","values":{"a":1}}', None, 1),
        ('[1,2]<stdout>:{"time":1.5,"rank":0,"step":1,"source":"script","values":{}}', None, 1),
        ('x {"time":1.5,"rank":0,"step":1,"source":"script","values":{}}', "x ", 1),
        ('{"time":1.5,"rank":"no","step":1,"source":"script","values":{}}', None, 0),
    ],
)
def test_records_are_taken_out_of_the_log(message, text, records):
    found = split_records(message)
    assert len(found[1]) == records
    if records:
        assert found[0] == text


def test_the_runtime_in_the_archive_is_the_whole_runtime(tmp_path):
    code = unpacked(spec(), "", tmp_path)
    here = Path(__file__).parents[3] / "jupyter_sdt"
    for room in ("runtime", "spec"):
        files = {path.relative_to(here) for path in (here / room).rglob("*.py")}
        assert {path for path in files if not (code / "jupyter_sdt" / path).is_file()} == set()
