"""Mistakes in an Estimator's keywords and in the files they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from errors.bench import Bench
from errors.registry import scenario

from jupyter_sdt import Estimator


@scenario
def unknown_keyword(bench: Bench) -> None:
    bench.estimator(instance_cuont=2)


@scenario
def keyword_of_a_wrong_type(bench: Bench) -> None:
    bench.estimator(instance_count="2")


@scenario
def keyword_under_two_names(bench: Bench) -> None:
    with pytest.warns(UserWarning, match="name of SDK 1.x; use instance_count"):
        bench.estimator(instance_count=2, train_instance_count=4)


@scenario
def unknown_instance_type(bench: Bench) -> None:
    bench.estimator(instance_type="p4d.24xlarge")


@scenario
def several_nodes_of_one_gpu_machine(bench: Bench) -> None:
    bench.estimator(instance_type="local_gpu", instance_count=2)


@scenario
def entry_point_missing(bench: Bench) -> None:
    script = bench.file("code/train.py")
    Estimator(entry_point=script.replace("train", "trian")).fit()


@scenario
def entry_point_is_a_folder(bench: Bench) -> None:
    bench.file("code/train.py")
    Estimator(entry_point=str(bench.folder / "code")).fit()


@scenario
def entry_point_not_given(bench: Bench) -> None:
    Estimator(instance_count=1).fit()


@scenario
def entry_point_syntax_error(bench: Bench) -> None:
    bench.estimator("for step in range(3)\n    pass\n").fit()


@scenario
def source_dir_missing(bench: Bench) -> None:
    bench.file("project/train.py")
    Estimator(entry_point="train.py", source_dir=str(bench.folder / "projekt")).fit()


@scenario
def source_link_that_leads_out(bench: Bench) -> None:
    bench.file("project/train.py")
    (bench.folder / "project" / "data.csv").symlink_to(bench.file("data.csv"))
    Estimator(entry_point="train.py", source_dir=str(bench.folder / "project")).fit()


@scenario
def dependency_missing(bench: Bench) -> None:
    bench.file("helpers/__init__.py")
    bench.estimator(dependencies=[str(bench.folder / "helper")]).fit()


@scenario
def requirements_missing(bench: Bench) -> None:
    bench.file("requirements.txt")
    bench.estimator(requirements=bench.folder / "requirement.txt").fit()


@scenario
def hyperparameter_not_json(bench: Bench) -> None:
    bench.estimator(hyperparameters={"layers": {64, 32}})


@scenario
def hyperparameter_too_long(bench: Bench) -> None:
    bench.estimator(hyperparameters={"vocabulary": "a" * 3000})


@scenario
def environment_value_not_text(bench: Bench) -> None:
    bench.estimator(environment={"NCCL_DEBUG": 1})


@scenario
def metric_without_a_group(bench: Bench) -> None:
    bench.estimator(metric_definitions=[{"Name": "loss", "Regex": "loss: [0-9.]+"}])


@scenario
def job_name_not_allowed(bench: Bench) -> None:
    bench.estimator().fit(job_name="my_job")


@scenario
def job_name_not_text(bench: Bench) -> None:
    bench.estimator().fit(job_name=7)


@scenario
def job_name_taken(bench: Bench) -> None:
    bench.earlier_job("digits-1")
    bench.estimator().fit(job_name="digits-1")


@scenario
def output_path_is_a_file(bench: Bench) -> None:
    bench.estimator(output_path=Path(bench.file("results")) / "here").fit()


@scenario
def spot_without_max_wait(bench: Bench) -> None:
    bench.estimator(use_spot_instances=True)
