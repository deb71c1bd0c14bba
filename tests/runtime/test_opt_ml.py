"""Scripts that name /opt/ml find the folders of their node there, where that is possible."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from support import Jobs, ranks

from jupyter_sdt.runtime.opt_ml import show_opt_ml, translated

SCRIPT = """
import argparse, json, os
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--output_dir")
here = os.environ["SM_CURRENT_HOST"]
assert json.load(open("/opt/ml/input/config/resourceconfig.json"))["current_host"] == here
Path("/opt/ml/model").mkdir(parents=True, exist_ok=True)
open("/opt/ml/model/named", "w").write(here)
Path(parser.parse_args().output_dir, "given").write_text(here)
Path("/opt/ml/checkpoints/state").write_text(here)
assert Path("/opt/ml/code/entry_point.py").read_text() == open(__file__).read()
print(*sorted(path.name for path in Path("/opt").iterdir()))
"""


def may_mount() -> bool:
    return (
        not os.geteuid() and not subprocess.run(["unshare", "-m", "true"], check=False).returncode
    )


@pytest.mark.skipif(not may_mount(), reason="only root can mount")
@pytest.mark.parametrize("launcher", [None, pytest.param("torchrun", marks=pytest.mark.slow)])
def test_each_node_has_its_own_and_the_machine_none(tmp_path, launcher):
    before = sorted(path.name for path in Path("/opt").iterdir())
    directory = Jobs(tmp_path).run(
        SCRIPT,
        instance_count=2,
        distribution=ranks(1, launcher),
        hyperparameters={"output_dir": "/opt/ml/model"},
    )
    log = directory.log(0).read_text()
    assert directory.read_state().status == "Completed", log
    assert log.splitlines()[-1].split() == sorted({*before, "ml"})
    for node in ("algo-1", "algo-2"):
        found = directory.node(node)
        for name in ("model/named", "model/given", "checkpoints/state"):
            assert (found / name).read_text() == node
    assert sorted(path.name for path in Path("/opt").iterdir()) == before


def test_arguments_lead_to_the_nodes_folders_where_nothing_can_be_mounted(tmp_path):
    given = ["train.py", "--a", "/opt/ml", "/opt/ml/model/", "/opt/mlx", "s3://opt/ml"]
    expected = ["train.py", "--a", "/n", "/n/model", "/opt/mlx", "s3://opt/ml"]
    assert translated(given, Path("/n")) == expected
    answer = tmp_path / "answer"
    answer.touch()
    answer.chmod(0o666)
    with answer.open("w") as written:
        if (child := os.fork()) == 0:
            if not os.geteuid():
                os.setuid(65534)
            os.write(written.fileno(), json.dumps(show_opt_ml(given, Path("/n"))).encode())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    kept = Path("/opt/ml").is_dir()
    assert json.loads(answer.read_text()) == (given if kept else expected)


def test_what_names_nothing_of_it_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print('/opt/mine')")
    given = ["train.py", "--lr", "1"]
    assert show_opt_ml(given, Path("/n")) is given
