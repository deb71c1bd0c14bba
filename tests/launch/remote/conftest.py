"""A rehearsed AWS over HTTP, whose jobs run, or go from phase to phase as a test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from aws_support import REGION, Account, credentials_of_nobody, serving
from backend_bench import Bench

from jupyter_sdt.launch.remote import follower as remote_follower
from jupyter_sdt.rehearsal import Conditions, Rehearsal, rehearse


@pytest.fixture
def aws_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """That of the test itself: two of them would undo each other's changes in the wrong order."""
    credentials_of_nobody(monkeypatch, tmp_path)
    return monkeypatch


@pytest.fixture
def account(aws_environment: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account whose jobs run."""
    with serving(aws_environment) as made:
        yield made


@pytest.fixture(scope="module")
def directed_service() -> Iterator[Rehearsal]:
    """A service for all tests of a module, whose jobs run nothing."""
    with rehearse(conditions=Conditions(directed=True), region=REGION) as service:
        yield service


@pytest.fixture
def directed(aws_environment: pytest.MonkeyPatch, directed_service: Rehearsal) -> Account:
    """The same with the environment of each test."""
    aws_environment.setenv("AWS_ENDPOINT_URL", directed_service.url)
    made = Account(lambda name: boto3.client(name, region_name=REGION), directed_service)
    made.make_bucket("out")
    return made


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text("print('trained')\n")
    return path


@pytest.fixture
def make(directed, request, monkeypatch):
    """Makes benches; their jobs have the name of the test."""
    monkeypatch.setattr(remote_follower, "SETTLE_SECONDS", 0.0)
    name = request.node.name.replace("_", "-").replace("[", "-").rstrip("]")[-55:].strip("-")
    return lambda suffix="", **fields: Bench(directed.service, f"{name}{suffix}", **fields)


@pytest.fixture
def bench(make) -> Bench:
    """A backend whose job is created."""
    return make().create()
