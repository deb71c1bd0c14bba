"""torch.sagemaker in jobs: its names, and the example with Llama on tensor peers and shards."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import DistributionError
from jupyter_sdt.store.job_directory import JobDirectory

SCRIPTS = Path(__file__).parents[2] / "examples" / "scripts"
# Every name that the documentation or a published script imports, by module.
DOCUMENTED = {
    "": "init is_initialized transform state",
    ".delayed_param": "DelayedParamIniter",
    ".moe.moe_config": "MoEConfig",
    ".moe.moe_layer": "MoELayer",
    ".nn.attn": "FlashSelfAttention FlashGroupedQueryAttention",
    ".nn.huggingface.llama_flashattn": "LlamaFlashAttention",
    ".distributed.checkpoint.state_dict_saver": "async_save maybe_finalize_async_calls save",
    ".distributed.checkpoint.state_dict_loader": "load",
    ".distributed.checkpoint.state_dict_utils": (
        "sm_state_dict_type SMStateDictType init_optim_state"
    ),
    ".utils.module_utils": "empty_module_params move_buffers_to_device",
    ".utils.utils": "timeit",
    ".utils.process_group_utils": "get_global_ranks",
    ".grad_norm": "clip_grad_norm_",
    ".logger": "get_logger",
    ".checkpoint.utils": "",
    ".distributed.fsdp.checkpoint": "",
    ".tensor_parallel.transformer": "TransformerLayer TETransformerLayer TransformerLMHead",
    ".context_parallel.utils": "setup_transformer_engine_cp_groups get_batch_for_cp_rank",
}
NAMES = """
import importlib, importlib.util, pickle, sys
from jupyter_sdt.runtime.foreign_names import restore_dropped_names
assert importlib.util.find_spec("torch") and "torch" not in sys.modules
restore_dropped_names()
assert importlib.util.find_spec("torch") and "torch" not in sys.modules
import torch
import torch.sagemaker as tsm
assert importlib.util.find_spec("torch.nothing") is None
for module, names in DOCUMENTED.items():
    found = importlib.import_module("torch.sagemaker" + module)
    for name in names.split():
        getattr(found, name)

def refused(function, *words):
    try:
        function()
    except Exception as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"not refused: {words}")

from torch.sagemaker.context_parallel.utils import setup_transformer_engine_cp_groups
from torch.sagemaker.moe.moe_config import MoEConfig
from torch.sagemaker.nn.huggingface.llama_flashattn import LlamaFlashAttention
from torch.sagemaker.tensor_parallel import transformer
from torch.sagemaker.utils.utils import timeit
assert not tsm.is_initialized()
for call in (lambda: tsm.state.tp_rank, lambda: tsm.transform(torch.nn.Linear(1, 1))):
    refused(call, "torch.sagemaker.init() was not called")
for name in ("TransformerLayer", "TETransformerLayer", "TransformerLMHead"):
    refused(getattr(transformer, name), name, "needs CUDA kernels of NVIDIA's Transformer Engine")
refused(LlamaFlashAttention, "flash-attn", "attn_implementation='sdpa'")
refused(setup_transformer_engine_cp_groups, "Transformer Engine", "context_parallel_degree")
refused(lambda: tsm.fuse, "torch.sagemaker has no 'fuse'", "docs/model_parallel_v2.md")
import torch.sagemaker.checkpoint.utils as undocumented
refused(lambda: undocumented.anything, "torch.sagemaker.distributed.checkpoint")
assert pickle.loads(pickle.dumps(MoEConfig())) == MoEConfig(moe_load_balancing="sinkhorn")
assert MoEConfig().moe_aux_loss_coeff == MoEConfig().moe_z_loss_coeff == 0.001
with timeit("block"):
    pass
assert timeit("call")(lambda: 3)() == timeit(max)(2, 3) == 3
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)) == 2
"""


def test_every_documented_name_is_there_or_says_what_it_needs():
    code = f"DOCUMENTED = {DOCUMENTED!r}\n{NAMES}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=220
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"INFO torch.sagemaker\] call: \d+\.\d+ s", done.stderr)


def test_the_name_exists_in_jobs_only():
    assert importlib.util.find_spec("torch") is not None
    assert importlib.util.find_spec("torch.sagemaker") is None


def trained(processes: int, parameters: dict, **options) -> JobDirectory:
    """The directory of a job that ran the example to its end."""
    small = {"num_layers": 2, "hidden_width": 32, "intermediate_size": 48, "max_context_width": 16}
    library = {"enabled": True, "parameters": parameters}
    estimator = PyTorch(
        entry_point="tsm_llama.py",
        source_dir=str(SCRIPTS),
        hyperparameters={"max_steps": 6, **small, **options.pop("hyperparameters", {})},
        environment={"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        distribution={
            "torch_distributed": {"enabled": True, "processes_per_node": processes},
            "smdistributed": {"modelparallel": library},
        },
        **options,
    )
    estimator.fit(logs=False)
    return estimator.latest_training_job.directory


def losses(directory: JobDirectory) -> list[float]:
    return [float(text) for text in re.findall(r", loss ([\d.]+)", directory.log(0).read_text())]


def held(directory: JobDirectory, rank: int) -> int:
    ((size),) = re.findall(r": (\d+) bytes of parameters", directory.log(rank).read_text())
    return int(size)


@pytest.mark.timeout(400)
def test_the_llama_example_learns_the_same_divided_and_resumes(tmp_path: Path):
    pytest.importorskip("transformers")
    alone = trained(1, {}, hyperparameters={"train_batch_size": 8})  # two replicas of 4
    expected = losses(alone)
    assert expected[-1] < expected[0]
    degrees = {"tensor_parallel_degree": 2, "hybrid_shard_degree": 2}
    kept = {"checkpoint_dir": str(tmp_path / "kept"), "checkpoint_freq": 3}
    begun = trained(4, degrees, hyperparameters={"max_steps": 3, **kept})
    divided = trained(4, degrees, hyperparameters=kept)
    assert "resuming: " in divided.log(0).read_text()
    found = [losses(begun)[0], losses(divided)[-1]]
    assert found == pytest.approx([expected[0], expected[-1]], abs=2e-4)
    # A rank holds half of what is divided, and half of that: the rest is shared by two.
    assert 0.25 <= held(divided, 0) / held(alone, 0) < 0.4


def test_degrees_that_do_not_fit_end_before_anything_starts():
    with pytest.raises(DistributionError, match=r"3 processes .* tensor_parallel_degree=2"):
        trained(3, {"tensor_parallel_degree": 2})
