"""Hugging Face's Trainer on a pipeline: what transformers calls when it finds ``smp``."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from support import Jobs

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.accelerate_replicas import show_replicas
from jupyter_sdt.runtime.modelparallel.hugging_face import (
    accept_parameters,
    read_safetensors,
    weights_file,
)
from jupyter_sdt.spec.distribution import Distribution

pytestmark = pytest.mark.timeout(400)  # on machines that may be busy
OFFLINE = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "TQDM_DISABLE": "1"}
TRAINER = """
import dataclasses, json
import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, HfArgumentParser, Trainer, TrainingArguments, set_seed)

class Tokens(torch.utils.data.Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        ids = (torch.arange(12) * (1 + index % 3) + index) % 16
        # The first is no label; else the Trainer counts it in one process, and not among stages.
        return {"input_ids": ids, "labels": torch.cat([torch.tensor([-100]), ids[1:]])}

def measured(prediction):
    hits = prediction.predictions[:, :-1].argmax(-1) == prediction.label_ids[:, 1:]
    return {"accuracy": hits.mean(), "rows": len(hits)}

(arguments,) = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()
set_seed(0)
config = GPT2Config(vocab_size=16, n_positions=12, n_embd=16, n_layer=2, n_head=2,
                    bos_token_id=0, eos_token_id=1, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
trainer = Trainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=Tokens(48),
                  eval_dataset=Tokens(30), compute_metrics=measured)
trainer.train(resume_from_checkpoint=arguments.resume_from_checkpoint)
found = {name: [row[name] for row in trainer.state.log_history if name in row]
         for name in ("loss", "grad_norm", "eval_loss")}
found |= {name: trainer.evaluate()[name] for name in ("eval_loss", "eval_accuracy", "eval_rows")}
found["predicted"] = trainer.predict(Tokens(16)).predictions.mean().item()
found["best"] = trainer.state.best_model_checkpoint
mode, device = arguments.parallel_mode.value, str(arguments.device)
print(json.dumps({"device": device, "mode": mode, "world": arguments.world_size, "found": found}))
"""


@pytest.mark.slow
def test_the_trainer_trains_stages_and_replicas_as_one_process_and_resumes(tmp_path: Path):
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    jobs = Jobs(tmp_path / "jobs")
    parameters = {"partitions": 2, "microbatches": 2, "placement_strategy": "spread", "ddp": True}
    stages = Distribution(
        strategy="modelparallel", combined_with="mpi", processes_per_node=4, parameters=parameters
    )

    def train(distribution, rows, **hyperparameters):
        given = {"output_dir": str(tmp_path / "trained"), "per_device_train_batch_size": rows}
        given |= {"per_device_eval_batch_size": rows, "max_steps": 6, "learning_rate": 0.01}
        given |= {"logging_steps": 1, "save_steps": 3, "eval_strategy": "steps", "eval_steps": 3}
        given |= {"load_best_model_at_end": True, "report_to": "none", "disable_tqdm": True}
        directory = jobs.run(
            TRAINER,
            distribution=distribution,
            hyperparameters=given | hyperparameters,
            environment=OFFLINE,
        )
        log = directory.log(0).read_text()
        assert directory.read_state().status == "Completed", log
        found = [line for line in log.splitlines() if line.startswith('{"device')]
        return json.loads(found[-1])

    plain = train(Distribution(), 8)["found"]
    whole = train(stages, 4)
    assert whole["mode"] == "sagemaker_model_parallel"
    assert (whole["device"], whole["world"]) == ("cuda:0", 2)
    # Each replica has half of every batch; norms are those of all stages together.
    for name, values in whole["found"].items():
        assert values == (values if name == "best" else pytest.approx(plain[name], rel=1e-3)), name
    assert whole["found"]["loss"][-1] < whole["found"]["loss"][0]
    assert whole["found"]["eval_rows"] == 30
    checkpoint = tmp_path / "trained" / "checkpoint-3"
    saved = {path.name for path in checkpoint.iterdir()}
    assert {"optimizer.pt_0_0", "optimizer.pt_1_0", "model.safetensors", "rank_1"} <= saved
    resumed = train(stages, 4, resume_from_checkpoint=str(checkpoint))
    assert resumed == whole


def test_accelerate_divides_no_batches_among_the_stages_of_a_model(monkeypatch):
    class PartialState:
        def __init__(self):
            self.processes = int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1"))

    state = ModuleType("accelerate.state")
    state.PartialState = PartialState
    monkeypatch.setitem(sys.modules, "accelerate.state", state)
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    assert PartialState().processes == 2
    show_replicas()
    show_replicas()
    assert PartialState().processes == 1
    assert os.environ["OMPI_COMM_WORLD_SIZE"] == "2"


def test_arguments_of_other_versions_are_taken(monkeypatch):
    class Parser:
        def parse_known_args(self, args):
            return "found", list(args)

    parsers = ModuleType("transformers.hf_argparser")
    parsers.HfArgumentParser = Parser
    older = ModuleType("transformers.sagemaker.training_args_sm")
    older.SageMakerTrainingArguments = type("SageMakerTrainingArguments", (), {})
    for module in (parsers, older):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    accept_parameters()
    accept_parameters()
    given = ["--mp_parameters", "ddp=True,partitions=2", "--wrong", "1"]
    assert Parser().parse_known_args(given) == ("found", ["--wrong", "1"])
    assert older.SageMakerTrainingArguments.distributed_state is None


def test_files_of_tensors_are_read_as_their_own_library_reads_them(tmp_path: Path):
    library = pytest.importorskip("safetensors.torch")
    tensors = {
        "half": torch.randn(2, 3).bfloat16(),
        "scalar": torch.tensor(7),
        "empty": torch.empty(0, 4),
        "flags": torch.tensor([True, False]),
    }
    path = tmp_path / "model.safetensors"
    library.save_file(tensors, path, metadata={"format": "pt"})
    found = read_safetensors(path)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    assert found["half"].dtype == torch.bfloat16
    path.write_bytes(path.read_bytes().replace(b'"BOOL"', b'"F8_?"'))
    with pytest.raises(SpecError, match="flags has the dtype F8_"):
        read_safetensors(path)


def test_the_older_name_of_weights_means_the_newer_file(tmp_path: Path):
    older, newer = tmp_path / "pytorch_model.bin", tmp_path / "model.safetensors"
    assert weights_file(older) == older
    newer.touch()
    assert weights_file(older) == newer
    assert weights_file(tmp_path / "other.bin") == tmp_path / "other.bin"
    older.touch()
    assert weights_file(older) == older
