"""Recipes by path, address and name, from a server of this machine and from a checkout."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jupyter_sdt import PyTorch
from jupyter_sdt.errors import LaunchError, SpecError
from jupyter_sdt.estimator.recipe_files import _fetched, read_recipe_file

NAME = "training/llama/hf_llama3_8b"
TEXT = "trainer: {num_nodes: 3}\nmodel: {model_type: llama_v3}\n"
IMAGE = "658645717510.dkr.ecr.us-west-2.amazonaws.com/smdistributed-modelparallel:2.4.1"


@pytest.fixture
def checkout(tmp_path) -> Path:
    path = tmp_path / "checkout" / "recipes_collection" / "recipes" / f"{NAME}.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    return tmp_path / "checkout"


@pytest.fixture
def asked() -> list[str]:
    """Paths that the server was asked for."""
    return []


@pytest.fixture
def address(checkout, asked):
    """Where a server serves the checkout."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            asked.append(self.path)

    _fetched.cache_clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(checkout)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_address_is_fetched_once_and_makes_a_whole_request(address, asked, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    recipe = f"{address}/recipes_collection/recipes/{NAME}.yaml"
    estimator = PyTorch(
        training_recipe=recipe,
        role="arn:aws:iam::123456789012:role/Training",
        instance_type="ml.p5.48xlarge",
        image_uri=IMAGE,
        output_path="s3://bucket/out",
    )
    request = estimator.plan(job_name="r").request
    assert request["ResourceConfig"]["InstanceCount"] == 3
    assert request["HyperParameters"]["config-name"] == '"hf_llama3_8b.yaml"'
    assert len(asked) == 1


def test_a_name_is_looked_for_at_an_address_or_in_a_checkout(address, asked, checkout, monkeypatch):
    monkeypatch.setenv("SDT_RECIPES", address)
    assert read_recipe_file(NAME).text == TEXT
    monkeypatch.setenv("SDT_RECIPES", str(checkout))
    found = read_recipe_file(NAME)
    assert (found.name, found.text) == ("hf_llama3_8b.yaml", TEXT)
    assert len(asked) == 1
    with pytest.raises(SpecError, match=f"did you mean '{NAME}'"):
        read_recipe_file("training/llama/hf_llama3_80b")
    monkeypatch.setenv("SDT_RECIPES", str(checkout.parent))
    with pytest.raises(SpecError, match="is no checkout of https://"):
        read_recipe_file(NAME)


def test_what_is_not_there_or_no_recipe_is_said(address, checkout):
    with pytest.raises(SpecError, match="answers 404"):
        read_recipe_file(f"{address}/none.yaml")
    (checkout / "long.yaml").write_text("#" * 1_000_001)
    with pytest.raises(SpecError, match="is longer than 1,000,000 bytes"):
        read_recipe_file(f"{address}/long.yaml")
    (checkout / "odd.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match=r"odd\.yaml cannot be read"):
        read_recipe_file(f"{address}/odd.yaml")


def test_without_a_network_the_other_ways_are_named(monkeypatch):
    monkeypatch.setenv("SDT_RECIPES", "http://127.0.0.1:1")  # nobody is there
    with pytest.raises(LaunchError, match=r"be fetched: .*refused.*give the path of the YAML"):
        read_recipe_file(NAME)
