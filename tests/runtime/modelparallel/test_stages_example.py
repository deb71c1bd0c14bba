"""examples/scripts/gpt_stages.py, through the whole way of a job: one process, stages, replicas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyter_sdt import Estimator
from jupyter_sdt.cells.arguments import parse_arguments
from jupyter_sdt.store.job_directory import JobDirectory

SCRIPT = Path(__file__).parents[3] / "examples" / "scripts" / "gpt_stages.py"
SMALL = "--hp steps=4 --hp blocks=4 --hp width=32 --hp length=16 --hp batch-size=8"


def trained(flags: str) -> JobDirectory:
    """The directory of a job that ran the example to its end with these flags."""
    arguments = parse_arguments(f"--entry-point {SCRIPT} {SMALL} {flags}", {})
    estimator = Estimator(**arguments.estimator, environment={"OMP_NUM_THREADS": "1"})
    estimator.fit(logs=False)
    return estimator.latest_training_job.directory


def losses(directory: JobDirectory, rank: int = 0) -> list[float]:
    """What the script recorded, step by step."""
    records = map(json.loads, directory.metric(rank).read_text().splitlines())
    return [r["values"]["loss"] for r in records if r["source"] == "script"]


@pytest.mark.slow
def test_the_example_learns_the_same_in_stages_and_replicas_and_predicts_its_memory():
    alone = losses(trained(""))
    assert alone[-1] < alone[0]
    directory = trained("--distribution pipeline=2,microbatches=2 --processes 4")
    for rank in range(2):  # the two stages of the first replica
        here = losses(directory, rank)
        other = losses(directory, rank + 2)
        both = [(a + b) / 2 for a, b in zip(here, other, strict=True)]
        assert both == pytest.approx(alone, rel=1e-4)
    logs = [directory.log(rank).read_text() for rank in range(4)]
    assert "Partition assignments: " in logs[0]
    predicted = dict(re.findall(r"stage (\d): (\d+) bytes predicted", logs[0]))
    activations = [int(found) for found in re.findall(r"about (\d+) of activations", logs[0])]
    for rank in range(4):
        (held,) = re.findall(rf"rank {rank}: loss .*, (\d+) bytes held", logs[rank])
        assert held == predicted[str(rank % 2)]
        (kept,) = re.findall(rf"rank {rank}: (\d+) bytes of activations", logs[rank])
        assert 0.5 * activations[rank % 2] <= int(kept) <= 1.15 * activations[rank % 2]
    assert json.loads((directory.path / "schedule.json").read_text())["microbatches"] == 2
