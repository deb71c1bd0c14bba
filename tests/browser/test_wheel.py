"""What a user installs: the wheel, made from the sdist, in an environment of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from lab_server import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# Where packages leave what Jupyter looks for below the prefix of an environment.
SHARED = ("share/jupyter", "share/jupyter/labextensions", "etc/jupyter/jupyter_server_config.d")
OURS = {"jupyter-sdt", "jupyter_sdt.json"}
EXTENSION = "share/jupyter/labextensions/jupyter-sdt"
CELL = """%%sdt_train --processes 2 --name installed
from jupyter_sdt.runtime import init, log_metrics

for step in range(3):
    log_metrics(step, loss=1 / (1 + step))
"""


def run(*command: str | Path) -> str:
    """Run a command of an environment; its output."""
    arguments = [str(argument) for argument in command]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)  # colours


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as an index would get it: from the sdist, not from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder)
    (sdist,) = folder.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
    run(*pip, "-w", folder, sdist)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of a fresh environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    made = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    # Everything else comes from here, but for what an editable install adds: that is a .pth file
    # of its own, which is not read in a folder that is named in one.
    (packages / "rest.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for shared in SHARED:
        (folder / shared).mkdir(parents=True)
        for path in (Path(sys.prefix) / shared).iterdir():
            if path.name not in {*OURS, "labextensions"}:
                (folder / shared / path.name).symlink_to(path)
    run(sys.executable, "-m", "pip", "--python", made, "install", "--no-deps", wheel)
    return made


def test_the_wheel_carries_the_front_end_and_enables_the_server_extension(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    built = {
        str(p.relative_to(ROOT / "labextension")) for p in (ROOT / "labextension").rglob("*.*")
    }
    assert {f"{EXTENSION}/{name}" for name in built} <= data
    assert f"{EXTENSION}/install.json" in data
    assert "etc/jupyter/jupyter_server_config.d/jupyter_sdt.json" in data
    assert not [name for name in names if name.startswith(("tests/", "src/", "node_modules/"))]


def test_jupyter_lists_both_extensions_as_enabled_and_sound(python):
    front = run(python, "-m", "jupyterlab.labextensions", "list")
    (line,) = [line for line in front.splitlines() if "jupyter-sdt" in line and "enabled" in line]
    assert "OK" in line
    assert str(python.parents[1]) in front
    server = run(python, "-m", "jupyter_server", "extension", "list")
    assert "jupyter_sdt enabled" in server
    assert "jupyter_sdt  OK" in server


@pytest.mark.browser
def test_the_installed_lab_trains_a_cell(python, serve, open_window):
    page = open_window(serve(python))
    page.write_notebook("installed.ipynb", ["%load_ext jupyter_sdt", CELL])
    page.open_notebook("installed.ipynb")
    page.run_cell(0)
    page.run_cell(1)
    page.page.locator('.sdt-JobRenderer [data-status="Completed"]').wait_for()
    page.execute("jupyter-sdt:show-panel")
    page.page.locator(".sdt-JobRow-name", has_text="installed").wait_for()
