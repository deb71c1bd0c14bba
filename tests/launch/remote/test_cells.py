"""Cells on ``ml.*`` instances: what their flags leave open is filled in."""

from __future__ import annotations

import pytest
from aws_support import ROLE

from jupyter_sdt import PyTorch
from jupyter_sdt.estimator import CellSource, Estimator
from jupyter_sdt.estimator.frameworks import estimator_of_cell

pytestmark = pytest.mark.usefixtures("aws_environment")
CELL = CellSource(source="print(1)\n")


def test_type_and_role_are_enough():
    estimator = estimator_of_cell({"instance_type": "ml.p4d.24xlarge", "role": ROLE})
    plan = estimator.plan(job_name="job", cell=CELL)
    assert isinstance(estimator, PyTorch)
    assert plan.request["AlgorithmSpecification"]["TrainingImage"].endswith(
        "pytorch-training:2.8.0-gpu-py312"
    )
    assert plan.request["ResourceConfig"]["InstanceCount"] == 1
    assert plan.request["HyperParameters"]["sagemaker_program"] == '"sdt_entry.py"'


def test_a_version_chooses_its_python():
    given = {"instance_type": "ml.p4d.24xlarge", "role": ROLE, "framework_version": "1.12"}
    assert estimator_of_cell(given).py_version == "py38"


def test_groups_bring_their_own_counts():
    group = {"instance_group_name": "a", "instance_type": "ml.g5.xlarge", "instance_count": 3}
    estimator = estimator_of_cell({"role": ROLE, "instance_groups": [group]})
    groups = estimator.plan(cell=CELL).request["ResourceConfig"]["InstanceGroups"]
    assert [one["InstanceCount"] for one in groups] == [3]


@pytest.mark.parametrize(
    "given",
    [{}, {"instance_type": "ml.g5.xlarge", "role": ROLE, "image_uri": "mine", "instance_count": 1}],
)
def test_local_cells_and_images_of_ones_own_stay_plain(given):
    assert type(estimator_of_cell(given)) is Estimator
