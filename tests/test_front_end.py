"""The committed front end belongs to these sources, as far as can be seen without node."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jupyter_sdt
from jupyter_sdt.notebook.output import MIMETYPE

ROOT = Path(__file__).parents[1]
BUNDLE = ROOT / "labextension"


def read(name: str):
    return json.loads((ROOT / name).read_text())


def test_python_and_front_end_have_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {read(name)["version"] for name in ("package.json", "labextension/package.json")}
    assert versions == {project["version"]}


def test_the_bundle_was_built_from_this_schema_and_these_dependencies():
    assert read("labextension/schemas/jupyter-sdt/plugin.json") == read("schema/plugin.json")
    built, source = read("labextension/package.json"), read("package.json")
    assert built["dependencies"] == source["dependencies"]


def test_the_bundle_knows_the_mimetype_that_cells_leave():
    scripts = BUNDLE.glob("static/lib_index_js.js*")
    assert MIMETYPE in "".join(script.read_text() for script in scripts)


def test_the_bundle_that_is_loaded_exists():
    entry = read("labextension/package.json")["jupyterlab"]["_build"]["load"]
    assert (BUNDLE / entry).is_file()
    assert not [path.name for path in BUNDLE.rglob("*.map")]


def test_a_developers_link_leads_to_the_bundle():
    (path,) = jupyter_sdt._jupyter_labextension_paths()
    assert (Path(jupyter_sdt.__file__).parent / path["src"]).resolve() == BUNDLE
    assert path["dest"] == read("package.json")["name"]
