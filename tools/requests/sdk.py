"""Run by the SDK's own Python: builds each case of stdin with SageMaker's SDK, nothing is called.

Each line of stdin is a case (see cases.py), each line of stdout ``{"request": ...}`` as it would
have gone over the wire, or ``{"refused": ...}`` where the SDK raised. Requests are taken by
botocore's ``before-send`` event, which answers in AWS's place.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import sagemaker
from botocore.awsrequest import AWSResponse
from sagemaker.debugger import DebuggerHookConfig, ProfilerConfig, TensorBoardOutputConfig
from sagemaker.estimator import Estimator
from sagemaker.huggingface import HuggingFace
from sagemaker.huggingface import TrainingCompilerConfig as HuggingFaceCompiler
from sagemaker.inputs import FileSystemInput, ShuffleConfig, TrainingInput
from sagemaker.instance_group import InstanceGroup
from sagemaker.mxnet import MXNet
from sagemaker.pytorch import PyTorch
from sagemaker.pytorch import TrainingCompilerConfig as PyTorchCompiler
from sagemaker.tensorflow import TensorFlow
from sagemaker.tensorflow import TrainingCompilerConfig as TensorFlowCompiler

CLASSES = {
    "PyTorch": PyTorch,
    "TensorFlow": TensorFlow,
    "HuggingFace": HuggingFace,
    "MXNet": MXNet,
    "Estimator": Estimator,
}
COMPILERS = {
    "HuggingFace": HuggingFaceCompiler,
    "PyTorch": PyTorchCompiler,
    "TensorFlow": TensorFlowCompiler,
}
STS = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId>"
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Raw(io.BytesIO):
    """A body as urllib3 would give it."""

    def stream(self, amt: int = 1024, **_: Any) -> Iterator[bytes]:  # noqa: ARG002 - its name
        """Yield everything that is left."""
        yield self.read()


class Wire:
    """Answers every call and keeps what was sent to CreateTrainingJob."""

    request: Any = None

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        """Answer one call; botocore's before-send event."""
        host = urlsplit(request.url).netloc
        target = dict(request.headers).get("X-Amz-Target", b"")
        text = "{}"
        if b"CreateTrainingJob" in bytes(target):
            self.request = json.loads(request.body)
        elif host.startswith("sts."):
            text = STS
        elif "s3" in host:
            text = "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
        return AWSResponse(request.url, 200, {}, Raw(text.encode()))


GROUPS: dict[str, InstanceGroup] = {}


def group(**given: Any) -> InstanceGroup:
    """The same object for the same group: the SDK compares them by identity."""
    return GROUPS.setdefault(given["instance_group_name"], InstanceGroup(**given))


def revived(value: Any, owner: str) -> Any:
    """Turn ``{"$": NAME, ...}`` into the SDK's object."""
    if isinstance(value, list):
        return [revived(item, owner) for item in value]
    if not isinstance(value, dict):
        return value
    given = {key: revived(item, owner) for key, item in value.items() if key != "$"}
    makers = {
        "TrainingInput": TrainingInput,
        "FileSystemInput": FileSystemInput,
        "InstanceGroup": group,
        "ShuffleConfig": ShuffleConfig,
        "DebuggerHookConfig": DebuggerHookConfig,
        "ProfilerConfig": ProfilerConfig,
        "TensorBoardOutputConfig": TensorBoardOutputConfig,
        "TrainingCompilerConfig": COMPILERS.get(owner),
    }
    return makers[value["$"]](**given) if "$" in value else given


def requested(case: dict[str, Any], session: Any, wire: Wire) -> Any:
    """The request of one case."""
    wire.request = None
    owner = case["class"]
    arguments = revived(case["arguments"], owner)
    estimator = CLASSES[owner](sagemaker_session=session, **arguments)
    given = {"experiment_config": case.get("experiment_config"), "job_name": "job"}
    estimator.fit(revived(case["inputs"], owner), wait=False, **given)
    return wire.request


def main() -> None:
    """Answer every case of stdin."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    wire = Wire()
    session = boto3.Session("AKIDEXAMPLE", "example", region_name="eu-west-1")
    session.events.register("before-send", wire)
    told = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()):
        here = sagemaker.Session(session)
        for line in sys.stdin:
            try:
                answer = {"request": requested(json.loads(line), here, wire)}
            except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
                answer = {"refused": f"{type(error).__name__}: {error}"}
            told.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
