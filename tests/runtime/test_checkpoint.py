import json
import resource
import signal
from pathlib import Path

import pytest
import torch

from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime import load_checkpoint, save_checkpoint


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SDT_JOB_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("SDT_NODE", "algo-2")
    return tmp_path / "nodes" / "algo-2" / "checkpoints"


def test_a_model_and_its_optimizer_are_restored(folder):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    path = save_checkpoint({"model": model, "optimizer": optimizer, "epoch": 3})
    assert path == folder / "checkpoint.pt"
    other = torch.nn.Linear(2, 2)
    again = torch.optim.Adam(other.parameters(), lr=0.1)
    state = load_checkpoint({"model": other, "optimizer": again})
    assert state["epoch"] == 3
    assert torch.equal(other.weight, model.weight)
    assert again.param_groups[0]["lr"] == 0.5


def test_without_a_checkpoint_nothing_is_loaded(folder):
    assert load_checkpoint() is None
    assert load_checkpoint(step=3) is None


def test_the_latest_step_is_loaded_and_only_so_many_are_kept(folder):
    save_checkpoint({"step": 0}, "other", step=1)
    for step in (9, 10, 11):
        save_checkpoint({"step": step}, step=step, keep_last=2)
    names = ["checkpoint-00000010.pt", "checkpoint-00000011.pt", "other-00000001.pt"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert load_checkpoint() == {"step": 11}
    assert load_checkpoint(step=10) == {"step": 10}
    assert load_checkpoint(name="other") == {"step": 0}


def test_what_could_not_be_loaded_is_refused_when_saving_and_the_old_file_stays(folder):
    save_checkpoint({"a": 1})
    with pytest.raises(SpecError, match="state holds what a checkpoint may not"):
        save_checkpoint({"a": Path("x")})
    with pytest.raises(SpecError, match="state holds what a checkpoint may not"):
        save_checkpoint({"a": lambda: 1})
    assert load_checkpoint() == {"a": 1}
    assert [path.name for path in folder.iterdir()] == ["checkpoint.pt"]


def test_a_broken_file_and_a_missing_part_are_named(folder):
    path = save_checkpoint({"a": 1})
    with pytest.raises(RuntimeStateError, match=r"has no 'model'; it holds \['a'\]"):
        load_checkpoint({"model": torch.nn.Linear(1, 1)})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RuntimeStateError, match="cannot be read"):
        load_checkpoint()


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"name": "../a"}, "name"),
        ({"step": -1}, "step"),
        ({"keep_last": 2}, "keep_last"),
        ({"keep_last": 0, "step": 1}, "keep_last"),
    ],
)
def test_bad_arguments_are_refused(folder, arguments, argument):
    with pytest.raises(SpecError) as caught:
        save_checkpoint({}, **arguments)
    assert caught.value.argument == argument


def test_the_path_that_sagemaker_configures_comes_first(folder, tmp_path, monkeypatch):
    (tmp_path / "checkpointconfig.json").write_text(json.dumps({"LocalPath": f"{tmp_path}/here"}))
    monkeypatch.setenv("SM_INPUT_CONFIG_DIR", str(tmp_path))
    assert save_checkpoint({"a": 1}) == tmp_path / "here" / "checkpoint.pt"


def test_only_rank_zero_writes(folder, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert not save_checkpoint({"a": 1}).exists()


def test_a_full_disk_is_an_os_error_and_the_old_file_stays(folder):
    save_checkpoint({"a": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # The limit cuts the write where a full disk would.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_checkpoint({"a": torch.ones(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert load_checkpoint() == {"a": 1}
    assert len(list(folder.iterdir())) == 1
