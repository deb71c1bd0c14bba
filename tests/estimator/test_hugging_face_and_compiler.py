"""Hugging Face's pairs of versions, and SageMaker's training compiler.

Rows have the names of the SDK's own validation cases where there is one.
"""

from __future__ import annotations

import pytest

import jupyter_sdt
from jupyter_sdt.errors import SpecError

ON = {"enabled": True}
SMDDP = {"smdistributed": {"dataparallel": ON}}
MIRRORED = {"multi_worker_mirrored_strategy": ON}
IMAGE = {"framework_version": "2.0.1", "py_version": "py310"}
GPU = {"role": "r", "instance_type": "ml.p4d.24xlarge", "instance_count": 2}
HF = {"transformers_version": "4.26", "pytorch_version": "1.13", "py_version": "py39"}

REFUSED = {
    "hf_both_versions": (
        "HuggingFace",
        {**HF, "tensorflow_version": "2.6"},
        "cannot both be given",
    ),
    "hf_none": (
        "HuggingFace",
        {**GPU, **HF, "pytorch_version": None},
        "pytorch_version or tensorflow_version is missing",
    ),
    "hf_no_transformers": (
        "HuggingFace",
        {**GPU, **HF, "transformers_version": None},
        "transformers_version is missing",
    ),
    "hf_len_mismatch": (
        "HuggingFace",
        {**GPU, **HF, "pytorch_version": "1.13.1"},
        "must both be short",
    ),
    "hf_pytorchxla_no_compiler": (
        "HuggingFace",
        {**GPU, **HF, "distribution": {"pytorchxla": ON}},
        "pytorchxla needs compiler_config",
    ),
    "hf_trcomp_110_xla": (
        "HuggingFace",
        {
            **GPU,
            **HF,
            "pytorch_version": "1.10",
            "compiler_config": ON,
            "distribution": {"pytorchxla": ON},
        },
        "pytorchxla exists from PyTorch 1.11 on",
    ),
    "hf_trcomp_111_no_xla": (
        "HuggingFace",
        {**GPU, **HF, "compiler_config": ON, "distribution": {"mpi": ON}},
        "the compiler needs pytorchxla, not mpi",
    ),
    "hf_trcomp_p2": (
        "HuggingFace",
        {**GPU, **HF, "instance_type": "ml.p2.xlarge", "compiler_config": ON},
        "ml.p2.xlarge is not one of the instances",
    ),
    "hf_trcomp_smd": (
        "HuggingFace",
        {**GPU, **HF, "compiler_config": ON, "distribution": SMDDP},
        "cannot go with smdistributed",
    ),
    "hf_trcomp_wrong_type": (
        "HuggingFace",
        {**GPU, **HF, "compiler_config": object()},
        "must be a TrainingCompilerConfig",
    ),
    "tf_trcomp_mwms": (
        "TensorFlow",
        {**GPU, **IMAGE, "compiler_config": ON, "distribution": MIRRORED},
        "cannot go with multi_worker_mirrored_strategy",
    ),
    "tf_trcomp_2_12": (
        "TensorFlow",
        {**GPU, **IMAGE, "framework_version": "2.12", "compiler_config": ON},
        "the training compiler ends with TensorFlow 2.11",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_constructor_refuses_what_does_not_exist(case):
    name, keywords, words = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        getattr(jupyter_sdt, name)(**keywords)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "config", [{"enabled": False}, type("TrainingCompilerConfig", (), {})(), None]
)
def test_a_compiler_that_is_switched_off_changes_nothing(config):
    if config is not None and not isinstance(config, dict):
        config.enabled = False
    jupyter_sdt.PyTorch(compiler_config=config, instance_type="local")


def test_hugging_face_on_tensorflow_follows_tensorflows_versions():
    keywords = {**GPU, "transformers_version": "4.26", "py_version": "py39", "distribution": SMDDP}
    with pytest.raises(SpecError, match=r"framework_version='2\.12': .* exists for tensorflow"):
        jupyter_sdt.HuggingFace(tensorflow_version="2.12", **keywords)


def test_on_this_machine_a_plan_says_that_nothing_is_compiled(tmp_path):
    script = tmp_path / "train.py"
    script.write_text("pass\n")
    plans = {
        enabled: jupyter_sdt.PyTorch(
            entry_point=str(script), compiler_config={"enabled": enabled}
        ).plan(job_name="job")
        for enabled in (True, False)
    }
    told = "compiler_config does nothing here"
    assert [any(told in note for note in plans[on].notes) for on in (True, False)] == [True, False]
