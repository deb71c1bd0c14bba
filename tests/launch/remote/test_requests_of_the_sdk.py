"""Our requests beside those that SageMaker's SDK 2.x put on the wire for the same estimators.

``requests/sdk-*.json`` was recorded by tools/requests/record.py. What differs on purpose is said
by :func:`as_we_send`, and nothing else may.
"""

from __future__ import annotations

import copy
import json
from functools import partial
from pathlib import Path

import pytest

import jupyter_sdt
from jupyter_sdt.errors import SdtError
from jupyter_sdt.estimator.inputs import FileSystemInput
from jupyter_sdt.launch.remote.adoption import adopted_spec
from jupyter_sdt.launch.remote.training_request import ACCOUNT
from jupyter_sdt.store.job_directory import job_directory

RECORDED = json.loads(Path(__file__).with_name("requests").joinpath("sdk-2.257.6.json").read_text())
BUCKET = f"sagemaker-eu-west-1-{ACCOUNT}"
CASES = {case["name"]: case for case in RECORDED["cases"]}
SENT = [name for name, case in CASES.items() if "request" in case]
REFUSED = [name for name, case in CASES.items() if "refused" in case]
pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts that the cases name."""
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "run.sh", "src/train.py", "lib/helper.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("print('trained')\n")


def revived(value):
    """``{"$": NAME, ...}`` as our own class, or as the form of the API where we have none."""
    if isinstance(value, list):
        return [revived(item) for item in value]
    if not isinstance(value, dict):
        return value
    given = {key: revived(item) for key, item in value.items() if key != "$"}
    return KINDS.get(value.get("$"), dict)(**given)


def placed(s3_output_path: str, **other) -> dict:
    """A configuration in the form of the API."""
    return {"S3OutputPath": s3_output_path, **other}


KINDS = {
    "TrainingInput": jupyter_sdt.TrainingInput,
    "FileSystemInput": FileSystemInput,
    "ShuffleConfig": lambda seed: seed,
    "TensorBoardOutputConfig": lambda container_local_output_path, **given: placed(
        LocalPath=container_local_output_path, **given
    ),
    "DebuggerHookConfig": partial(placed, CollectionConfigurations=[]),
    "ProfilerConfig": partial(placed, DisableProfiler=False),
}


def made(case) -> dict:
    estimator = getattr(jupyter_sdt, case["class"])(**revived(case["arguments"]))
    given = case.get("experiment_config")
    inputs = revived(case["inputs"])
    return dict(estimator.plan(inputs, job_name="job", experiment_config=given).request)


def as_we_send(case) -> dict:
    """The SDK's request, with what we do otherwise on purpose."""
    request, arguments = copy.deepcopy(case["request"]), case["arguments"]
    text = json.dumps(request).replace("sagemaker-eu-west-1-123456789012", BUCKET)
    request = json.loads(text)
    request = without_what_says_nothing(request)
    parameters = request["HyperParameters"]
    # Debugger and profiler cost time and money: off unless asked for.
    if not arguments.get("debugger_hook_config"):
        request.pop("DebugHookConfig", None)
    if not arguments.get("profiler_config"):
        request["ProfilerConfig"] = {"DisableProfiler": True}
    # The SDK forgets it for torch_distributed, and every group trains on its own.
    if case["name"] == "groups torchrun":
        parameters["sagemaker_distribution_instance_groups"] = '["gpus"]'
    # Images of PyTorch 1.10 to 1.13 know a key of their own, which later SDKs do not send any more.
    if case["name"] == "torch pytorchddp 1.12":
        del parameters["sagemaker_distributed_dataparallel_enabled"]
        del parameters["sagemaker_distributed_dataparallel_custom_mpi_options"]
        parameters["sagemaker_pytorch_ddp_enabled"] = "true"
    # A script gets the same arguments everywhere, whichever class it was given to.
    if case["class"] == "Estimator" and "entry_point" in arguments:
        given = arguments["hyperparameters"].items()
        parameters |= {name: json.dumps(value) for name, value in given}
    return request


def without_what_says_nothing(request: dict) -> dict:
    """Empty parts, and settings of channels that say what would be so without them."""
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    for channel in request.get("InputDataConfig", ()):
        if channel.get("CompressionType") == "None":
            del channel["CompressionType"]
        if channel.get("InputMode") == mode:
            del channel["InputMode"]
    algorithm = request["AlgorithmSpecification"]
    if algorithm.get("MetricDefinitions") == []:
        del algorithm["MetricDefinitions"]
    return {name: part for name, part in request.items() if part not in ({}, [])}


@pytest.mark.parametrize("name", SENT)
def test_the_same_estimator_sends_the_same_request(name: str) -> None:
    assert without_what_says_nothing(made(CASES[name])) == as_we_send(CASES[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_sdk_refuses_is_refused(name: str) -> None:
    with pytest.raises(SdtError):
        made(CASES[name])


# Tags have a call of their own, and nobody can tell who gave a key of the toolkit.
UNTOLD = {"option tags", "option tags as dict", "option hyperparameters", "option toolkit's own"}
# What belongs to a call of fit().
OF_THE_CALL = {"InputDataConfig", "ExperimentConfig"}


@pytest.mark.parametrize("name", sorted({*SENT} - UNTOLD))
def test_what_a_description_tells_is_enough_to_send_the_job_again(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SDT_JOBS_DIR", str(tmp_path / "jobs"))
    sent = json.loads(json.dumps(made(CASES[name])).replace(ACCOUNT, "123456789012"))
    directory = job_directory("job")
    directory.create()
    directory.write_spec(adopted_spec(sent, "eu-west-1"))
    again = getattr(jupyter_sdt, CASES[name]["class"]).attach("job").plan(job_name="job").request
    for part in {*sent, *again} - OF_THE_CALL:
        assert again.get(part) == sent.get(part), part
