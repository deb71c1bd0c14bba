"""Nothing that lacks its runtime is started with another one."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from jupyter_sdt.errors import DistributionError, LaunchError, SpecError
from jupyter_sdt.launch.launchers.runnable import check_runnable
from jupyter_sdt.spec.distribution import Distribution
from jupyter_sdt.spec.job_spec import Channel, JobSpec
from jupyter_sdt.spec.strategies import Strategy


def spec(strategy="none", processes=None, **fields) -> JobSpec:
    return JobSpec(
        job_name="a",
        entry_point="a.py",
        python="python",
        created_seconds=time.time(),
        distribution=Distribution(strategy=strategy, processes_per_node=processes),
        **fields,
    )


@pytest.mark.parametrize(
    "strategy",
    [
        *("none", "torch_distributed", "pytorchddp", "smdataparallel", "mpi"),
        *("parameter_server", "multi_worker_mirrored_strategy"),
    ],
)
def test_what_can_run_passes(strategy):
    check_runnable(
        spec(strategy, output_path="/out", channels=(Channel(name="a", uri="file:///data"),))
    )


def test_a_strategy_without_its_runtime_names_it_and_the_alternative():
    with pytest.raises(LaunchError, match=r"pytorchxla needs .*torch_xla.*; use distribution="):
        check_runnable(spec("pytorchxla"))


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_the_images_of_sagemaker_run_every_strategy(strategy):
    check_runnable(spec(strategy, instance_type="ml.p4d.24xlarge", output_path="s3://b/o"))


@pytest.mark.parametrize(
    ("fields", "argument"),
    [
        ({"variables_out": ("model",)}, "variables_out"),
        ({"hyperparameter_style": "json"}, "hyperparameter_style"),
        ({"hang_seconds": 5.0}, "hang_seconds"),
    ],
)
def test_what_only_local_ranks_can_do_is_refused_for_sagemaker(fields, argument):
    with pytest.raises(SpecError) as caught:
        check_runnable(spec(instance_type="ml.p4d.24xlarge", **fields))
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"output_path": "gs://b/o"}, "output_path: gs://b/o is out of reach"),
        ({"checkpoint_uri": "gs://b/c"}, "checkpoint_s3_uri: gs://b/c is out of reach"),
        ({"channels": (Channel(name="a", uri="efs://fs-1/d"),)}, "efs://fs-1/d is out of reach"),
    ],
)
def test_places_out_of_reach_are_named(fields, words):
    with pytest.raises(LaunchError) as caught:
        check_runnable(spec(**fields))
    assert words in str(caught.value)


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch):
    """An nvidia-smi that lists two GPUs, where the machine may have none."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: x)'\necho 'GPU 1: A (UUID: y)'\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("gpus")
def test_ranks_must_find_a_gpu_each():
    check_runnable(spec("torch_distributed", 2, instance_type="local_gpu"))
    with pytest.raises(LaunchError, match="processes_per_node=3 is more than the 2 GPUs"):
        check_runnable(spec("torch_distributed", 3, instance_type="local_gpu"))


@pytest.mark.usefixtures("gpus")
def test_hidden_gpus_do_not_count():
    given = {"CUDA_VISIBLE_DEVICES": "-1", "SDT_VIRTUAL_CUDA": "0"}
    with pytest.raises(LaunchError, match="lists no GPU"):
        check_runnable(spec(instance_type="local_gpu", environment=given))


def test_without_a_gpu_local_gpu_gets_virtual_ones_unless_declined(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    check_runnable(spec("torch_distributed", 3, instance_type="local_gpu"))
    declined = {"SDT_VIRTUAL_CUDA": "0"}
    with pytest.raises(LaunchError, match="use 'local' to train on the CPU"):
        check_runnable(spec(instance_type="local_gpu", environment=declined))


def model_parallel(processes, companion, **parameters) -> JobSpec:
    spread = Distribution(
        strategy="modelparallel",
        processes_per_node=processes,
        parameters=parameters,
        combined_with=companion,
    )
    return replace(spec(), distribution=spread)


def test_the_degrees_of_model_parallelism_must_divide_the_processes():
    check_runnable(model_parallel(4, "mpi", partitions=2, tensor_parallel_degree=2, ddp=True))
    with pytest.raises(DistributionError, match=r"^smd.*: 3 processes .* partitions=2 x .* = 2;"):
        check_runnable(model_parallel(3, "mpi", partitions=2))
    with pytest.raises(DistributionError, match=r": 1 processes .*; the nearest is 2"):
        check_runnable(model_parallel(None, "mpi", partitions=2))


def test_the_degrees_of_version_2_must_divide_the_processes():
    degrees = {"tensor_parallel_degree": 2, "hybrid_shard_degree": 2}
    check_runnable(model_parallel(8, "torch_distributed", **degrees))
    with pytest.raises(DistributionError, match=r"6 processes .* = 4; the nearest are 4 and 8"):
        check_runnable(model_parallel(6, "torch_distributed", **degrees))
    with pytest.raises(DistributionError, match="context_parallel_degree=2 does not divide"):
        check_runnable(model_parallel(3, "torch_distributed", context_parallel_degree=2))


def test_a_partition_that_is_missing_on_this_machine_is_refused_before_the_job(tmp_path):
    path = tmp_path / "cut.json"

    def loading(**parameters) -> JobSpec:
        asked = {"partitions": 2, "load_partition": True, **parameters}
        loads = Distribution(
            strategy="modelparallel", processes_per_node=2, combined_with="mpi", parameters=asked
        )
        return replace(spec(), distribution=loads)

    with pytest.raises(LaunchError, match=r"partition_file=.*cut.json' does not exist"):
        check_runnable(loading(partition_file=str(path)))
    for other in ("cut.json", "/opt/ml/input/data/cut.json"):
        check_runnable(loading(partition_file=other))
    check_runnable(loading(partition_file=str(path), load_partition=False))
    path.write_text("{}")
    check_runnable(loading(partition_file=str(path)))
