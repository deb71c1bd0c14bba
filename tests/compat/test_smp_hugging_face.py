"""Hugging Face's Trainer on a pipeline: what transformers calls when it finds ``smp``."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from support import Jobs, ranks

from jupyter_sdt.errors import SpecError
from jupyter_sdt.runtime.modelparallel.accelerate_replicas import show_replicas
from jupyter_sdt.runtime.modelparallel.hugging_face import (
    accept_parameters,
    read_safetensors,
    weights_file,
)
from jupyter_sdt.spec.distribution import Distribution

pytestmark = pytest.mark.timeout(400)  # on machines that may be busy
TRAINER = """
import contextlib, json
import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, HfArgumentParser, Trainer, TrainingArguments, set_seed)
from transformers.utils import is_sagemaker_mp_enabled

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
divided = contextlib.nullcontext()
if is_sagemaker_mp_enabled():
    import smdistributed.modelparallel.torch as smp
    divided = smp.tensor_parallelism(enabled=smp.tp_size() > 1)
with divided:
    model = GPT2LMHeadModel(config)
trainer = Trainer(model=model, args=arguments, train_dataset=Tokens(48),
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


LAYOUTS = {
    "stages": {"partitions": 2},
    "stages x replicas": {"partitions": 2, "placement_strategy": "spread", "ddp": True},
    "tensor peers": {"partitions": 1, "tensor_parallel_degree": 2, "ddp": True},
}
RANKS = {"stages": 2, "stages x replicas": 4, "tensor peers": 2}


def pytest_generate_tests(metafunc):
    """Stages alone with the option only: those with replicas do all that they do."""
    if "layout" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all-transformers")
        metafunc.parametrize("layout", [name for name in LAYOUTS if every or name != "stages"])


def jobs_of(folder: Path, environment):
    """A function that trains and returns what rank 0 found."""
    jobs = Jobs(folder / "jobs")
    # Its name until 4.40; 4.45 knows both.
    when = "evaluation_strategy" if "USE_TF" in environment else "eval_strategy"

    def train(distribution, rows, **hyperparameters):
        given = {"output_dir": str(folder / "trained"), "per_device_train_batch_size": rows}
        given |= {"per_device_eval_batch_size": rows, "max_steps": 6, "learning_rate": 0.01}
        given |= {"weight_decay": 0.5}
        given |= {"logging_steps": 1, "save_steps": 3, when: "steps", "eval_steps": 3}
        given |= {"load_best_model_at_end": True, "report_to": "none", "disable_tqdm": True}
        directory = jobs.run(
            TRAINER,
            distribution=distribution,
            hyperparameters=given | hyperparameters,
            environment=environment,
        )
        log = directory.log(0).read_text()
        assert directory.read_state().status == "Completed", log
        found = [line for line in log.splitlines() if line.startswith('{"device')]
        return json.loads(found[-1])

    return train


@pytest.fixture(scope="session")
def reference(hugging_face, tmp_path_factory):
    """What one process finds, or two that have half of every batch each.

    Some older versions shuffle in another way with several processes; the newest logs the loss of
    one replica for all.
    """
    train = jobs_of(tmp_path_factory.mktemp("reference"), hugging_face)
    known = {}

    def found(processes):
        processes = processes if "USE_TF" in hugging_face else 1
        if processes not in known:
            alone = Distribution()
            halves = ranks(2, strategy="smdataparallel")
            known[processes] = train(alone if processes == 1 else halves, 8 // processes)["found"]
        return known[processes]

    return found


@pytest.mark.slow
def test_the_trainer_trains_on_several_ranks_as_without_them_and_resumes(
    tmp_path: Path, hugging_face, layout, reference
):
    train = jobs_of(tmp_path, hugging_face)
    smp = Distribution(
        strategy="modelparallel",
        combined_with="mpi",
        processes_per_node=RANKS[layout],
        parameters=LAYOUTS[layout] | {"microbatches": 2},
    )
    replicas = 1 if layout == "stages" else 2
    whole = train(smp, 8 // replicas)
    assert whole["mode"] == "sagemaker_model_parallel"
    assert (whole["device"], whole["world"]) == ("cuda:0", replicas)
    # Each replica has half of every batch; norms are those of all stages together.
    plain = reference(replicas)
    for name, values in whole["found"].items():
        assert values == (values if name == "best" else pytest.approx(plain[name], rel=1e-3)), name
    assert whole["found"]["loss"][-1] < whole["found"]["loss"][0]
    assert whole["found"]["eval_rows"] == 30
    checkpoint = tmp_path / "trained" / "checkpoint-3"
    saved = {path.name for path in checkpoint.iterdir()}
    last = "optimizer.pt_0_1" if layout == "tensor peers" else "optimizer.pt_1_0"
    assert {"optimizer.pt_0_0", last, "rank_1"} <= saved
    assert {"model.safetensors", "pytorch_model.bin"} & saved
    assert train(smp, 8 // replicas, resume_from_checkpoint=str(checkpoint)) == whole


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
