"""The model-parallel examples, as jobs: the same losses however the model is divided."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.runtime.modelparallel.partition import Assignment, predict_memory
from jupyter_sdt.store.job_directory import JobDirectory

SCRIPTS = Path(__file__).parents[2] / "examples" / "scripts"
GPT2 = {"num_layers": 4, "hidden_width": 32, "max_context_width": 16}
BERT = {"num_hidden_layers": 4, "hidden_size": 32, "max_seq_length": 16}


def trained(script: str, processes: int, parameters: dict, **hyperparameters) -> JobDirectory:
    """The directory of a job that ran one of the examples to its end."""
    library = {"enabled": True, "parameters": parameters}
    estimator = PyTorch(
        entry_point=script,
        source_dir=str(SCRIPTS),
        hyperparameters={"max_steps": 5, **hyperparameters},
        environment={"OMP_NUM_THREADS": "1"},
        distribution={
            "smdistributed": {"modelparallel": library},
            "mpi": {"enabled": True, "processes_per_host": processes},
        },
    )
    estimator.fit(logs=False)
    return estimator.latest_training_job.directory


def losses(directory: JobDirectory) -> list[float]:
    return [float(text) for text in re.findall(r", loss ([\d.]+)", directory.log(0).read_text())]


def check_shares(directory: JobDirectory, ranks: int, tolerance: float = 0.0) -> None:
    """Each rank holds what the script says is to be expected."""
    for rank in range(ranks):
        text = directory.log(rank).read_text()
        ((held, predicted, whole),) = re.findall(
            r": (\d+) bytes, (\d+) predicted, (\d+) on one process", text
        )
        assert int(held) < 0.65 * int(whole)
        assert int(held) == pytest.approx(int(predicted), rel=tolerance)


def check_memory(directory: JobDirectory, ranks: int) -> None:
    """What each rank says it holds is what its stage was predicted to need."""
    check_shares(directory, ranks)
    assignment = Assignment.from_json(json.loads((directory.path / "partition.json").read_text()))
    predicted = predict_memory(assignment, 1, "simple")
    for rank in range(ranks):
        text = directory.log(rank).read_text()
        ((stage, held),) = re.findall(rf"rank {rank}, stage (\d): (\d+) bytes,", text)
        need = predicted[int(stage)]
        assert int(held) == need.parameters + need.gradients + need.optimizer


def check_activations(
    directory: JobDirectory, ranks: int, least: float, most: float = 1.15
) -> None:
    """Each rank kept about what was predicted for the microbatches in flight, or fewer of them."""
    for rank in range(ranks):
        text = directory.log(rank).read_text()
        ((kept, predicted),) = re.findall(r": (\d+) bytes of activations, (\d+) predicted", text)
        assert least * int(predicted) <= int(kept) <= most * int(predicted), text


def test_the_gpt_2_example_learns_the_same_in_stages_and_replicas():
    alone = losses(trained("smp_gpt2.py", 1, {"partitions": 1, "ddp": True}, **GPT2))
    assert alone[-1] < alone[0]
    divided = {"partitions": 2, "microbatches": 4, "ddp": True}
    directory = trained("smp_gpt2.py", 4, divided, train_batch_size=8, **GPT2)
    assert losses(directory) == pytest.approx(alone, abs=2e-4)
    log = directory.log(0).read_text()
    assert "Partition assignments: " in log
    check_memory(directory, 4)
    check_activations(directory, 4, least=0.5)
    schedule = json.loads((directory.path / "schedule.json").read_text())
    assert {row["stage"] for row in schedule["tasks"]} == {0, 1}
    assert {row["microbatch"] for row in schedule["tasks"]} == {0, 1, 2, 3}
    assert (directory.path / "nodes" / "algo-1" / "model" / "gpt2").exists()
    assert re.search(r"stage 1 backward \|[ 0-3]*3[ 0-3]*\|", log), log


@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters",
    [
        {"tensor_parallel_degree": 2, "ddp": True},
        {"sharded_data_parallel_degree": 2, "ddp": True, "sdp_param_persistence_threshold": 100},
    ],
    ids=["tensor", "sharded"],
)
def test_the_gpt_2_example_learns_among_tensor_peers_and_sharded(parameters):
    how = "sliced among tensor peers" if "tensor_parallel_degree" in parameters else "sharded"
    directory = trained("smp_gpt2.py", 2, parameters, train_batch_size=8, **GPT2)
    found = losses(directory)
    assert len(found) == 2
    assert found[1] < found[0]
    check_shares(directory, 2, tolerance=0.02)
    log = directory.log(0).read_text()
    assert re.search(rf"\d+ of \d+ parameters are {how}: \w+", log), log
    assert "one stage: microbatch after microbatch" in log


def test_the_bert_example_learns_the_same_on_four_stages():
    asked = {"microbatches": 4, "optimize": "speed", "memory_weight": 0.3, "ddp": True}
    found = []
    for stages in (1, 4):
        directory = trained("smp_bert.py", stages, {"partitions": stages, **asked}, **BERT)
        found.append(losses(directory))
    assert found[0][-1] < found[0][0]
    assert found[1] == pytest.approx(found[0], abs=2e-4)
    check_shares(directory, 4)
    check_activations(directory, 4, least=0.1, most=1.4)  # no plain chain: some have just begun
    log = directory.log(0).read_text()
    assert "Partition assignments: " in log
    assert re.search(r"stage 3 backward \|[ 0-3]*3[ 0-3]*\|", log), log
