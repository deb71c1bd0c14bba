"""Hugging Face's Trainer with SageMaker's libraries, on a tiny model with random weights."""

import json
from pathlib import Path

import pytest
import torch
from older_transformers import FOLDER, older_transformers
from support import Jobs, ranks

SMDDP = ranks(2, strategy="smdataparallel")
TRAINER = """
import argparse, json, os
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

parser = argparse.ArgumentParser()
parser.add_argument("--precision", default="fp32")
parser.add_argument("--resume", default="")
options, _ = parser.parse_known_args()

class Tokens(torch.utils.data.Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, index):
        ids = (torch.arange(12) + index) % 16
        return {"input_ids": ids, "labels": ids}

torch.manual_seed(0)
config = GPT2Config(vocab_size=16, n_positions=12, n_embd=16, n_layer=2, n_head=2,
                    bos_token_id=0, eos_token_id=1, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
precision = {} if options.precision == "fp32" else {options.precision: True}
arguments = TrainingArguments(
    output_dir=os.environ["SM_OUTPUT_DATA_DIR"], per_device_train_batch_size=4, max_steps=8,
    learning_rate=1e-2, max_grad_norm=0.0, logging_steps=2, save_steps=4, report_to=[],
    disable_tqdm=True, **precision)
trainer = Trainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=Tokens(),
                  eval_dataset=Tokens())
result = trainer.train(resume_from_checkpoint=options.resume or None)
trainer.save_model(os.environ["SM_MODEL_DIR"])
print(json.dumps({
    "mode": arguments.parallel_mode.value, "device": str(arguments.device),
    "world": arguments.world_size,
    "backend": torch.distributed.get_backend() if torch.distributed.is_initialized() else None,
    "first": trainer.state.log_history[0]["loss"], "loss": trainer.evaluate()["eval_loss"],
    "weight": trainer.model.transformer.wte.weight.sum().item(),
    "steps": trainer.state.global_step, "saved": sorted(os.listdir(arguments.output_dir))}))
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs")


def trained(jobs: Jobs, environment, distribution=SMDDP, **hyperparameters):
    """What each rank printed at its end, and the job's directory."""
    directory = jobs.run(
        TRAINER,
        distribution=distribution,
        hyperparameters=hyperparameters,
        environment=environment,
    )
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    ranks = range(distribution.processes_per_node or 1)
    told = [directory.log(rank).read_text().splitlines() for rank in ranks]
    return [json.loads(next(x for x in reversed(t) if x.startswith("{"))) for t in told], directory


def checkpoint(directory, step=4) -> str:
    return str(directory.node("algo-1") / "output" / "data" / f"checkpoint-{step}")


@pytest.mark.slow
def test_the_trainer_trains_through_smddp_and_resumes(jobs: Jobs, hugging_face):
    (first, second), directory = trained(jobs, hugging_face)
    assert first["mode"] == "sagemaker_data_parallel"
    assert (first["world"], first["backend"]) == (2, "smddp")
    assert first["loss"] < 0.9 * float(first["first"])
    assert first["weight"] == second["weight"]
    assert first["saved"] == ["checkpoint-4", "checkpoint-8"]
    if not torch.cuda.is_available():
        assert [told["device"] for told in (first, second)] == ["cuda:0", "cuda:1"]
    (again, _), _ = trained(jobs, hugging_face, resume=checkpoint(directory))
    assert again["steps"] == 8
    assert again["weight"] == pytest.approx(first["weight"], abs=1e-5)


@pytest.mark.slow
def test_the_trainer_trains_in_16_bits(jobs: Jobs, hugging_face):
    (first, second), _ = trained(jobs, hugging_face, precision="bf16")
    assert first["loss"] < 0.9 * float(first["first"])
    assert first["weight"] == second["weight"]


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip), ("true", pytest.fail)])
def test_without_a_package_index_ci_fails_and_people_are_told(tmp_path, monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr("sys.version_info", (3, 11))
    with pytest.raises(outcome.Exception, match=r"transformers==4.26.1, .* No matching distrib"):
        older_transformers("4.26.1", tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []
