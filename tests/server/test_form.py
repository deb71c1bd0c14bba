import json
import os
import subprocess
import sys
import warnings

from contract_shapes import examples

from jupyter_sdt.cells.arguments import Arguments
from jupyter_sdt.cells.flags import FLAGS
from jupyter_sdt.cells.values import DISTRIBUTIONS
from jupyter_sdt.estimator import Estimator
from jupyter_sdt.estimator.keywords import NAMES
from jupyter_sdt.server import machine
from jupyter_sdt.server.form import launch_schema
from jupyter_sdt.server.form_strategies import strategies
from jupyter_sdt.spec.distribution import Distribution

HERE = machine.Machine(cpus=2, gpus=0, missing=[])


def test_each_property_is_a_keyword_of_its_owner() -> None:
    for name, schema in launch_schema(HERE)["properties"].items():
        known = NAMES if schema["x-owner"] == "estimator" else Arguments.__dataclass_fields__
        assert name in known
        assert FLAGS[schema["title"]].keyword == name


def test_every_flag_but_the_buttons_is_in_one_section() -> None:
    schema = launch_schema(HERE)
    listed = [name for section in schema["x-sections"] for name in section["properties"]]
    assert sorted(listed) == sorted(schema["properties"])
    assert {flag.keyword for flag in FLAGS.values()} - set(listed) == {
        *("wait", "plan", "help", "study")
    }


def test_flags_that_fill_one_keyword_give_it_a_type() -> None:
    properties = launch_schema(HERE)["properties"]
    assert properties["hyperparameters"]["type"] == "object"
    assert properties["metric_definitions"]["items"]["required"] == ["Name", "Regex"]
    assert properties["environment"]["additionalProperties"] == {"type": "string"}


def test_defaults_are_what_the_estimator_takes() -> None:
    properties = launch_schema(HERE)["properties"]
    defaults = {n: s["default"] for n, s in properties.items() if "default" in s}
    defaults = {n: v for n, v in defaults.items() if n in ("instance_type", "max_run")}
    assert Estimator(entry_point="a.py", **defaults).max_run == 86400


async def test_the_schema_is_served_with_what_the_machine_has(ask) -> None:
    status, body = await ask("GET", "schema")
    example = examples("schema")[0]
    assert (status, body.keys()) == (200, example.keys())
    for name, schema in example["properties"].items():
        assert schema.items() <= body["properties"][name].items()
    assert body["x-machine"]["cpus"] >= 1
    strategies = example["properties"]["distribution"]["x-strategies"]
    assert body["properties"]["distribution"]["x-strategies"] == strategies
    for missing in body["x-machine"]["missing"]:
        assert missing["affects"].keys() <= body["properties"].keys()


def test_a_missing_mpirun_is_said_with_what_to_do(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    missing = {m["what"]: m["why"] for m in machine.look_at_machine()["missing"]}
    assert "pip install" in missing["mpirun"]
    assert "nvidia-smi lists none" in missing["GPU"]


def test_parameters_of_strategies_are_those_a_distribution_takes() -> None:
    offered = {strategy["name"]: strategy for strategy in strategies()}
    assert set(offered) == {*DISTRIBUTIONS, "modelparallel-2"}
    for strategy in offered.values():
        value = json.loads(json.dumps(strategy["value"]))
        options = value.get("smdistributed", {}).get("modelparallel", {})
        assert bool(options) == bool(strategy["parameters"])
        given = {name: example_of(schema) for name, schema in strategy["parameters"].items()}
        options |= {"parameters": given} if given else {}
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an unknown parameter is passed on with a warning
            assert Distribution.from_sagemaker(value).parameters == given


def example_of(schema):
    return (
        schema["enum"][0] if "enum" in schema else {"integer": 1, "boolean": True}[schema["type"]]
    )


def test_ml_instances_need_boto3_and_credentials(monkeypatch, tmp_path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(machine, "find_spec", lambda name: None)

    def missing():
        found = machine.look_at_machine()["missing"]
        return {m["what"] for m in found if m["affects"] == {"instance_type": ["ml.*"]}}

    assert missing() == {"boto3", "AWS credentials"}
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").touch()
    assert missing() == {"boto3"}
    (tmp_path / ".aws" / "credentials").unlink()
    monkeypatch.setenv("AWS_PROFILE", "me")
    assert missing() == {"boto3"}


def test_gpus_are_counted_where_there_are_some(monkeypatch, tmp_path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: H200'\necho 'GPU 1: H200'\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = machine.look_at_machine()
    assert found["gpus"] == 2
    assert "GPU" not in {m["what"] for m in found["missing"]}


def test_the_loaded_extension_has_imported_nothing_heavy() -> None:
    code = """
import json, sys
from jupyter_server.serverapp import ServerApp
import jupyter_sdt
before = set(sys.modules)
assert jupyter_sdt._jupyter_server_extension_points() == [{"module": "jupyter_sdt"}]
class App:
    class web_app:
        settings = {"base_url": "/"}
        add_handlers = staticmethod(lambda pattern, handlers: None)
jupyter_sdt._load_jupyter_server_extension(App)
from jupyter_sdt.server.form import launch_schema
from jupyter_sdt.server.job_list import list_jobs
launch_schema(), list_jobs()
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "boto3", "IPython", "pandas", "ipywidgets", "matplotlib"}
    assert heavy.isdisjoint(json.loads(run.stdout))
