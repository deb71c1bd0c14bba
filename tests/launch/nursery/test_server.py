"""The nursery: started on first use, shared, replaced when the environment changes, optional."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from support import Jobs, ranks, until

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.node.devices import count_cpus
from jupyter_sdt.launch.nursery import client as nursery_client
from jupyter_sdt.launch.nursery.address import fingerprint, nursery_address
from jupyter_sdt.launch.nursery.standby import MOST_RANKS
from jupyter_sdt.spec.job_spec import JobSpec
from jupyter_sdt.store.job_directory import JobDirectory


@pytest.fixture
def runtime_folder(monkeypatch):
    """A folder for sockets with a short name: tmp_path is too long for one."""
    with tempfile.TemporaryDirectory(prefix="sdt") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def private_nursery(runtime_folder):
    """An address nobody else uses; whatever nursery comes up there is ended afterwards."""
    address = nursery_address(os.environ)
    yield address
    if address.ready.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(address.ready.read_text()), signal.SIGKILL)


def nursery_pid(address) -> int:
    return int(until(lambda: address.ready.exists() and address.ready.read_text()))


def test_the_address_changes_with_what_is_read_at_start_and_with_nothing_else():
    base = fingerprint({"PATH": "/bin", "HOME": "/root"})
    assert fingerprint({"PATH": "/usr/bin", "HOME": "/root"}) == base
    assert fingerprint({"OMP_NUM_THREADS": "3"}) != base
    assert fingerprint({"LD_PRELOAD": "x.so"}) != base
    assert fingerprint({"TORCHELASTIC_RUN_ID": "7"}) == base


def test_installing_a_package_changes_the_address(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    before = fingerprint({})
    (folder / "new_package").mkdir()
    assert fingerprint({}) != before


def test_a_folder_that_others_can_enter_is_refused(runtime_folder):
    folder = runtime_folder / f"jupyter_sdt-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(LaunchError, match="only this user"):
        nursery_address({})


@pytest.mark.slow
def test_a_job_finds_no_nursery_starts_one_and_the_next_job_shares_it(jobs: Jobs, private_nursery):
    first = jobs.start("print('x')")
    assert not private_nursery.ready.exists(), "submitting must not wait for the nursery's imports"
    jobs.wait(first)
    pid = nursery_pid(private_nursery)
    second = jobs.run("print('x')")
    assert nursery_pid(private_nursery) == pid
    assert second.read_state().launcher == "nursery"
    assert psutil.Process(pid).num_threads() == 1


@pytest.mark.slow
def test_an_idle_nursery_ends_itself_and_leaves_no_socket(private_nursery, monkeypatch):
    monkeypatch.setenv("SDT_NURSERY_IDLE_SECONDS", "0.2")
    assert nursery_client.warm()
    pid = nursery_pid(private_nursery)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    assert not private_nursery.socket.exists()
    assert not private_nursery.ready.exists()


@pytest.mark.slow
def test_a_killed_nursery_is_replaced(jobs: Jobs, private_nursery):
    assert nursery_client.warm()
    first = nursery_pid(private_nursery)
    os.kill(first, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(first) or psutil.Process(first).status() == "zombie")
    assert jobs.run("print('x')").read_state().status == "Completed"
    assert nursery_pid(private_nursery) != first


@pytest.mark.slow
def test_without_a_nursery_the_job_runs_under_torchrun_and_says_so(jobs: Jobs, monkeypatch):
    monkeypatch.setenv("SDT_NURSERY", "0")
    state = jobs.run("print('x')", distribution=ranks(2)).read_state()
    assert (state.status, state.launcher) == ("Completed", "torchrun")
    assert any("nursery is not available" in note for note in state.notes)


def test_a_killed_supervisor_leaves_the_lock_free_while_its_ranks_go_on(jobs: Jobs):
    directory = jobs.start("import time; print('ready', flush=True); time.sleep(300)")
    until(lambda: directory.log(0).exists() and "ready" in directory.log(0).read_text())
    rank = psutil.Process(_pid_of_rank(directory))
    rank.parent().kill()
    until(lambda: not directory.supervised())
    assert rank.is_running()
    rank.kill()


def _pid_of_rank(directory) -> int:
    from jupyter_sdt.store.files import read_json

    return int(read_json(directory.process(0))["pid"])


def test_the_client_side_imports_no_torch():
    code = "import sys, jupyter_sdt.launch.local; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_ranks_stand_by_for_the_next_job_and_end_with_their_nursery(jobs: Jobs, private_nursery):
    assert nursery_client.warm()
    nursery = psutil.Process(nursery_pid(private_nursery))
    expected = 1 + min(count_cpus(), MOST_RANKS)
    until(lambda: len(nursery.children(recursive=True)) == expected)
    waiting = {process.pid for process in nursery.children(recursive=True)}
    directory = jobs.run("import sys; print('x', sys.exc_info())")
    assert directory.log(0).read_text() == "x (None, None, None)\n"
    assert _pid_of_rank(directory) in waiting, "the job should have found its rank forked already"
    until(lambda: not waiting & set(psutil.pids()))
    until(lambda: len(nursery.children(recursive=True)) == expected)
    left = nursery.children(recursive=True)
    nursery.kill()
    until(lambda: not any(process.is_running() for process in left))


@pytest.mark.slow
def test_more_ranks_than_stand_by_are_forked_on_demand(jobs: Jobs, private_nursery):
    assert nursery_client.warm()
    nursery = psutil.Process(nursery_pid(private_nursery))
    until(lambda: len(nursery.children(recursive=True)) > 1)
    world_size = count_cpus() + 2
    directory = jobs.run("import os; print(os.environ['RANK'])", distribution=ranks(world_size))
    logs = [directory.log(rank).read_text() for rank in range(world_size)]
    assert logs == [f"{rank}\n" for rank in range(world_size)]


@pytest.mark.slow
def test_jobs_on_sagemaker_have_a_nursery_with_boto3_and_without_torch(
    runtime_folder, monkeypatch, tmp_path
):
    monkeypatch.setenv("AWS_PROFILE", "of-whoever-came-first")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    address = nursery_address(os.environ, remote=True)
    spec = JobSpec(
        job_name="there",
        entry_point="a.py",
        python=sys.executable,
        created_seconds=0.0,
        instance_type="ml.m5.large",
        sagemaker={"region": "us-east-1", "role": "r", "adopted": True},
    )
    directory = JobDirectory(tmp_path / "there")
    directory.create()
    directory.write_spec(spec)
    environment = {name: text for name, text in os.environ.items() if name != "AWS_PROFILE"}
    try:
        local.start(directory, environment)
        nursery = psutil.Process(nursery_pid(address))
        until(lambda: any("fails" in note for note in directory.read_state().notes), 120)
        mapped = {Path(region.path).name for region in nursery.memory_maps()}
        assert not any("torch" in name for name in mapped)
        # Its supervisors' credentials are those of the job, not of whoever came first.
        assert "of-whoever-came-first" not in "".join(directory.read_state().notes)
    finally:
        for process in nursery.children():  # the supervisor would look for the service for ever
            process.kill()
        os.kill(nursery_pid(address), signal.SIGKILL)
