"""From keywords to the JobSpec; nothing is written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from jupyter_sdt import Estimator, PyTorch
from jupyter_sdt.errors import SpecError
from jupyter_sdt.estimator import CellSource
from jupyter_sdt.estimator.specification import Request, make_submission
from jupyter_sdt.spec.job_spec import Cell, JobSpec, StudyPoint

CELL = CellSource(source="print(1)\n", cell=Cell(execution_count=7))


def specify(estimator: Estimator, **request) -> JobSpec:
    return submission(estimator, **request).spec


def submission(estimator: Estimator, **request):
    return make_submission(
        estimator._arguments, estimator.framework, Request(**{"seconds": 1.0, **request})
    )


def test_a_minimal_job_is_one_plain_process_of_this_interpreter(script):
    spec = specify(Estimator(entry_point=script))
    assert spec == JobSpec(
        job_name="train-1970-01-01-00-00-01-000",
        entry_point="train.py",
        entry_point_file=str(script),
        python=sys.executable,
        created_seconds=1.0,
    )
    assert (spec.distribution.strategy, spec.world_size) == ("none", 1)


def test_how_it_runs_finds_its_fields(script, tmp_path: Path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    spec = specify(
        Estimator(
            entry_point=script,
            instance_count=2,
            processes_per_node=3,
            launcher="torchrun",
            hyperparameters={"lr": 0.1},
            hyperparameter_style="switch",
            environment={"A": "b", "MY_TOKEN": "c"},
            metric_definitions=[{"Name": "loss", "Regex": "loss=(.*)"}],
            requirements=requirements,
            max_run=60,
            stop_seconds=5,
            hang_seconds=7.5,
        )
    )
    assert (spec.world_size, spec.distribution.launcher) == (6, "torchrun")
    assert (spec.hyperparameters, spec.hyperparameter_style) == ({"lr": 0.1}, "switch")
    assert (spec.environment, spec.secret_names) == ({"A": "b"}, ("MY_TOKEN",))
    assert spec.metric_definitions[0].name == "loss"
    assert spec.requirements == str(requirements)
    assert (spec.max_run_seconds, spec.stop_seconds, spec.hang_seconds) == (60, 5, 7.5)
    assert JobSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_where_data_comes_from_and_goes_finds_its_fields(script, tmp_path: Path):
    spec = specify(
        Estimator(
            entry_point=script,
            output_path=f"file://{tmp_path}/out",
            checkpoint_s3_uri=tmp_path / "kept",
        ),
        inputs=str(tmp_path),
        variables={"x": b""},
        variables_out=("y",),
        study=StudyPoint(study_name="s", world_size=6, repeat=0, scaling="strong"),
    )
    assert (spec.output_path, spec.checkpoint_uri) == (f"{tmp_path}/out", f"{tmp_path}/kept")
    assert (spec.variables_in, spec.variables_out) == (("x",), ("y",))
    assert spec.channels[0].uri == str(tmp_path)
    assert spec.study is not None
    assert JobSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_what_matters_to_sagemaker_is_kept_as_far_as_json_goes(script):
    estimator = PyTorch(
        entry_point=script,
        instance_type="local",
        framework_version="2.0.1",
        checkpoint_local_path="/opt/ml/checkpoints",
        base_job_name="digits",
        role="r",
        volume_size=10,
        rules=[object()],
        sagemaker_session=object(),
    )
    spec = specify(estimator)
    assert spec.sagemaker == {
        "framework_version": "2.0.1",
        "checkpoint_local_path": "/opt/ml/checkpoints",
        "base_job_name": "digits",
        "role": "r",
        "volume_size": 10,
        "framework": "pytorch",
    }
    assert spec.job_name.startswith("digits-1970")


def test_secrets_travel_beside_the_spec(script):
    made = submission(Estimator(entry_point=script, environment={"MY_TOKEN": "c"}))
    assert made.secrets == {"MY_TOKEN": "c"}
    assert "MY_TOKEN" not in made.spec.environment


def test_a_cell_is_its_own_entry_point():
    made = submission(Estimator(), cell=CELL)
    assert made.spec.entry_point == "entry_point.py"
    assert made.spec.job_name.startswith("cell-")
    assert made.spec.cell == Cell(execution_count=7)
    assert made.source.cell_source == "print(1)\n"


def test_an_entry_point_in_source_dir_keeps_its_place(tmp_path: Path, monkeypatch):
    (tmp_path / "code" / "tools").mkdir(parents=True)
    (tmp_path / "code" / "tools" / "train.sh").write_text("exit 0\n")
    monkeypatch.chdir(tmp_path)
    spec = specify(Estimator(entry_point="tools/train.sh", source_dir="code"))
    assert (spec.entry_point, spec.source_dir) == ("tools/train.sh", str(tmp_path / "code"))
    assert spec.job_name.startswith("train-")


def test_a_checkpoint_path_alone_is_where_local_checkpoints_are_kept(script, tmp_path: Path):
    spec = specify(Estimator(entry_point=script, checkpoint_local_path=str(tmp_path)))
    assert spec.checkpoint_uri == str(tmp_path)


def test_a_model_becomes_a_channel(script, tmp_path: Path):
    spec = specify(Estimator(entry_point=script, model_uri=tmp_path))
    assert [(c.name, c.uri) for c in spec.channels] == [("model", str(tmp_path))]


@pytest.mark.parametrize(
    ("instance_type", "processes"), [("ml.p4d.24xlarge", 8), ("ml.trn1.2xlarge", 2), ("local", 1)]
)
def test_without_a_number_there_is_a_process_for_each_accelerator(script, instance_type, processes):
    spec = specify(
        Estimator(
            entry_point=script,
            instance_type=instance_type,
            instance_count=2,
            image_uri="i",
            role="r",
            distribution={"torch_distributed": {"enabled": True}},
        )
    )
    assert (spec.processes_per_node, spec.world_size) == (processes, 2 * processes)


def test_instance_groups_become_the_group_that_trains(script):
    class InstanceGroup:
        def __init__(self, name, kind, count):
            self.instance_group_name, self.instance_type = name, kind
            self.instance_count = count

    groups = [InstanceGroup("a", "ml.c5.xlarge", 1), InstanceGroup("b", "ml.g5.12xlarge", 3)]
    spec = specify(
        Estimator(
            entry_point=script,
            role="r",
            image_uri="i",
            instance_groups=groups,
            distribution={"mpi": {"enabled": True}, "instance_groups": [groups[1]]},
        )
    )
    assert (spec.instance_type, spec.instance_count, spec.world_size) == ("ml.g5.12xlarge", 3, 12)
    assert spec.distribution.instance_groups == ("b",)
    assert [group["instance_group_name"] for group in spec.sagemaker["instance_groups"]] == [
        "a",
        "b",
    ]


REFUSED = {
    "no script": ({}, {}, "entry_point is missing"),
    "two scripts": ({"entry_point": "a.py"}, {"cell": CELL}, "and a cell cannot both"),
    "entry_s3": ({"entry_point": "s3://b/a.py"}, {}, "must be a file, not a URI"),
    "entry_missing_no_source_dir": ({"entry_point": "trian.py"}, {}, "did you mean 'train.py'?"),
    "entry_missing_in_source_dir": (
        {"entry_point": "trian.py", "source_dir": "."},
        {},
        "did you mean 'train.py'?",
    ),
    "source_dir_missing": ({"entry_point": "train.py", "source_dir": "src"}, {}, "source_dir"),
    "source_dir is a file": (
        {"entry_point": "train.py", "source_dir": "train.py"},
        {},
        "is not a folder",
    ),
    "requirements": (
        {"entry_point": "train.py", "requirements": "reqs.txt"},
        {},
        "requirements='reqs.txt' does not exist",
    ),
    "dependencies": ({"entry_point": "train.py", "dependencies": ["lib"]}, {}, "does not exist"),
    "file_output_remote": (
        {
            "entry_point": "train.py",
            "output_path": "file:///tmp/out",
            "role": "r",
            "image_uri": "i",
            "instance_type": "ml.c5.xlarge",
            "instance_count": 1,
        },
        {},
        "output_path: 'file:///tmp/out' lies on this machine",
    ),
    "output scheme": ({"entry_point": "train.py", "output_path": "ftp://a"}, {}, "ftp://a"),
    "job name": ({"entry_point": "train.py"}, {"job_name": "a_b"}, "job_name='a_b' must be"),
    "variables_out": (
        {"entry_point": "train.py"},
        {"variables_out": ("1x",)},
        "'1x' is not the name of a variable",
    ),
    "inputs": ({"entry_point": "train.py"}, {"inputs": "nowhere"}, "does not exist"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_run_is_refused(case, script, tmp_path: Path, monkeypatch):
    keywords, request, words = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    estimator = Estimator(**keywords)
    with pytest.raises(SpecError) as caught:
        specify(estimator, **request)
    assert words in str(caught.value)
