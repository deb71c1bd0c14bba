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
from jupyter_sdt.runtime.modelparallel.hugging_face import (
    leave_data_whole,
    read_safetensors,
    weights_file,
)
from jupyter_sdt.spec.distribution import Distribution

pytestmark = pytest.mark.timeout(400)  # on machines that may be busy
OFFLINE = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "TQDM_DISABLE": "1"}
TRAINER = """
import argparse, json, os
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
from transformers.utils import is_sagemaker_mp_enabled
import smdistributed.modelparallel.torch as smp
assert is_sagemaker_mp_enabled()

parser = argparse.ArgumentParser()
parser.add_argument("--folder")
parser.add_argument("--resume", default="")
options, _ = parser.parse_known_args()

class Tokens(torch.utils.data.Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        ids = (torch.arange(12) + index) % 16
        return {"input_ids": ids, "labels": ids}

torch.manual_seed(0)
config = GPT2Config(vocab_size=16, n_positions=12, n_embd=16, n_layer=2, n_head=2,
                    bos_token_id=0, eos_token_id=1, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
arguments = TrainingArguments(
    output_dir=options.folder, per_device_train_batch_size=4, max_steps=6, learning_rate=1e-2,
    logging_steps=1, save_steps=3, report_to=[], disable_tqdm=True, seed=3)
trainer = Trainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=Tokens(),
                  eval_dataset=Tokens())
trainer.train(resume_from_checkpoint=options.resume or None)
losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
print(json.dumps({"device": str(arguments.device), "losses": losses,
                  "evaluation": trainer.evaluate()["eval_loss"]}))
"""


@pytest.mark.slow
def test_the_trainer_trains_on_two_stages_and_resumes_exactly(tmp_path: Path):
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    jobs = Jobs(tmp_path / "jobs")
    parameters = {"partitions": 2, "microbatches": 2, "placement_strategy": "spread", "ddp": True}
    stages = Distribution(
        strategy="modelparallel", combined_with="mpi", processes_per_node=2, parameters=parameters
    )
    folder = tmp_path / "trained"

    def train(**hyperparameters):
        directory = jobs.run(
            TRAINER,
            distribution=stages,
            hyperparameters={"folder": str(folder), **hyperparameters},
            environment=OFFLINE,
        )
        log = directory.log(0).read_text()
        assert directory.read_state().status == "Completed", log
        return json.loads(next(x for x in reversed(log.splitlines()) if x.startswith('{"device')))

    whole = train()
    assert whole["device"] == "cuda:0"
    assert whole["losses"][-1] < whole["losses"][0]
    saved = {path.name for path in (folder / "checkpoint-3").iterdir()}
    assert {"optimizer.pt_0_0", "optimizer.pt_1_0", "model.safetensors"} <= saved
    resumed = train(resume=str(folder / "checkpoint-3"))
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
    leave_data_whole()
    leave_data_whole()
    assert PartialState().processes == 1
    assert os.environ["OMPI_COMM_WORLD_SIZE"] == "2"


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
