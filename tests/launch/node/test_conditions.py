"""What is recorded of the place where a job runs."""

import json
import platform
from importlib import metadata

from support import Jobs, ranks

from jupyter_sdt.launch.node.conditions import installed_packages


def test_packages_are_read_from_names_of_folders_and_the_first_on_the_path_counts(tmp_path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in {
        first: ["My_Tool-1.2.dist-info", "notes.txt", "old.tool-3-py3.11.egg-info"],
        second: ["my_tool-9.dist-info", "other-0.1+cpu.dist-info"],
    }.items():
        for name in names:
            (folder / name).mkdir(parents=True)
    found = installed_packages(["", str(first), str(second), str(tmp_path / "missing")])
    assert found == {"my-tool": "1.2", "old-tool": "3", "other": "0.1+cpu"}


def test_a_job_leaves_what_it_ran_on(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SDT_NURSERY", "0")
    job = Jobs(tmp_path / "jobs").run("print('done')", distribution=ranks(1, "python"))
    found = json.loads(job.conditions_file.read_text())
    assert found["python"] == platform.python_version()
    assert found["packages"]["torch"] == metadata.version("torch")
    assert found["packages"]["jupyter-sdt"] == metadata.version("jupyter-sdt")
    assert (found["cpus"] >= 1, found["memory_bytes"] > 1 << 20, found["gpus"]) == (True, True, [])
