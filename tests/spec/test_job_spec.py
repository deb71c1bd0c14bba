"""A spec goes through JSON unchanged."""

from __future__ import annotations

import json

from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import Cell, Channel, JobSpec, MetricDefinition, StudyPoint

MINIMAL = {"job_name": "a", "entry_point": "a.py", "python": "python", "created_seconds": 1.5}
FULL = JobSpec(
    **MINIMAL,
    instance_count=2,
    distribution=Distribution(strategy="mpi", processes_per_node=3, mpi_options=("-v",)),
    hyperparameters={"lr": 0.1, "layers": [1, 2], "name": None},
    channels=(Channel(name="training", uri="/data", sagemaker={"S3DataType": "S3Prefix"}),),
    environment={"A": "b"},
    secret_names=("HF_TOKEN",),
    metric_definitions=(MetricDefinition(name="loss", regex="loss=(.*)"),),
    variables_in=("x",),
    variables_out=("y", "z"),
    cell=Cell(execution_count=7),
    study=StudyPoint(study_name="s", world_size=6, repeat=0, scaling="weak"),
    sagemaker={"role": "r"},
)


def test_a_full_spec_survives_json():
    assert JobSpec.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL


def test_a_minimal_spec_survives_json_and_newer_keys_are_ignored():
    spec = JobSpec(**MINIMAL)
    assert JobSpec.from_json({**json.loads(json.dumps(spec.to_json())), "new": 1}) == spec


def test_ranks_and_nodes_follow_from_counts():
    assert FULL.world_size == 6
    assert FULL.nodes == ("algo-1", "algo-2")
    assert JobSpec(**MINIMAL).world_size == 1


def test_a_cell_is_called_as_in_tracebacks():
    assert Cell(execution_count=7).label == "Cell In[7]"
    assert Cell().label == "Cell In[ ]"
