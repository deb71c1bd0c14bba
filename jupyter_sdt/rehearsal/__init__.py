"""A stand-in for Amazon SageMaker on this machine that really runs the training jobs.

The extra ``rehearsal`` brings moto, whose server speaks S3, IAM, STS, CloudWatch Logs and the rest
over HTTP. Training jobs are taken out of its hands here: requests are refused where the service
refuses them, phases take their time, and the container is the local launcher, which gives the
script the same ``/opt/ml`` tree, variables and hyperparameters. boto3 and every SDK on top of it
reach it by its endpoint, for rehearsing a job before it costs money, and in tests::

    with rehearse() as service:
        os.environ.update(service.environment)
        estimator.fit(...)

In a shell: ``python -m jupyter_sdt.rehearsal`` prints the variables to export.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_sdt.rehearsal.conditions import Conditions
    from jupyter_sdt.rehearsal.service import Rehearsal, rehearse

__all__ = ["Conditions", "Rehearsal", "rehearse"]
_HOMES = {"Conditions": "conditions", "Rehearsal": "service", "rehearse": "service"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
