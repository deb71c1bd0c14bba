from __future__ import annotations

import fcntl
import multiprocessing
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support import Jobs, ranks, until

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch import local
from jupyter_sdt.launch.source.requirements import install_requirements, skipped_requirements
from jupyter_sdt.store.job_directory import JobDirectory


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package that no index has: ``import sdt_tiny; sdt_tiny.ANSWER``."""
    path = tmp_path / "wheels" / "sdt_tiny-1.0-py3-none-any.whl"
    path.parent.mkdir()
    info = "sdt_tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sdt_tiny.py", "ANSWER = 42\n")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: sdt-tiny\nVersion: 1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def job_with(jobs: Jobs, text: str, **fields: object) -> JobDirectory:
    directory = jobs.write("", **fields)
    (directory.source / "requirements.txt").write_text(text)
    return directory


def install(directory: JobDirectory) -> tuple[str, ...]:
    return install_requirements(directory.read_spec(), directory)


def answer(folders: tuple[str, ...]) -> str:
    code = "import sdt_tiny, numpy; print(sdt_tiny.ANSWER)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    return run.stdout.strip() or run.stderr


def log(directory: JobDirectory) -> str:
    path = directory.logs / "requirements.log"
    return path.read_text() if path.exists() else ""


def test_a_package_is_installed_once_beside_the_users_environment(jobs: Jobs, wheel: Path) -> None:
    text = f"--no-index  # offline\n{wheel}\nnumpy\n"
    directory = job_with(jobs, text)
    folders = install(directory)
    assert answer(folders) == "42"
    assert "ModuleNotFoundError" in answer(()), "the user's own environment must stay as it is"
    assert Path(folders[0]).is_relative_to(jobs.root.parent / "requirements")
    assert "already satisfied: numpy" in log(directory)
    again = job_with(jobs, text)
    assert (install(again), log(again)) == (folders, "")


def test_what_the_environment_has_already_needs_no_folder(jobs: Jobs) -> None:
    assert install(job_with(jobs, "--no-index\nnumpy>=1\n")) == ()


@pytest.mark.parametrize("text", [None, "# nothing\n\n"])
def test_without_requirements_nothing_is_done(jobs: Jobs, text: str | None) -> None:
    directory = jobs.write("") if text is None else job_with(jobs, text)
    assert install(directory) == ()
    assert not (jobs.root.parent / "requirements").exists()


def test_a_failure_ends_with_pips_last_lines_and_is_tried_again(jobs: Jobs, wheel: Path) -> None:
    directory = job_with(jobs, "--no-index\nsdt-absent==9\n")
    for _ in range(2):
        with pytest.raises(LaunchError) as caught:
            install(directory)
    assert "requirements.txt could not be installed (exit code 1)" in str(caught.value)
    assert "No matching distribution found for sdt-absent==9" in str(caught.value)
    assert str(directory.logs / "requirements.log") in str(caught.value)
    assert log(directory).count("ERROR: No matching distribution") == 2


def test_one_that_was_left_half_finished_is_redone(jobs: Jobs, wheel: Path) -> None:
    directory = job_with(jobs, f"--no-index\n{wheel}\n")
    packages = Path(install(directory)[0])
    (packages / "sdt_tiny.py").unlink()
    (packages.parents[2] / "complete").unlink()
    assert install(directory) == (str(packages),)
    assert answer((str(packages),)) == "42"


def test_two_jobs_at_once_install_once(jobs: Jobs, wheel: Path) -> None:
    text = f"--no-index\n{wheel}\n"
    directories = [job_with(jobs, text), job_with(jobs, text)]
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=install, args=(each,)) for each in directories]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert [log(each).count("Successfully installed") for each in directories].count(1) == 1


@pytest.mark.parametrize("busy", ["installing", "waiting"])
def test_a_stopped_job_waits_no_longer(jobs: Jobs, tmp_path: Path, busy: str) -> None:
    pipe = tmp_path / "wheels" / "sdt_tiny-1.0-py3-none-any.whl"
    pipe.parent.mkdir()
    pipe.write_bytes(b"PK")
    directory = job_with(jobs, f"--no-index\n{pipe}\n")
    with pytest.raises(LaunchError):
        install(directory)
    root = jobs.root.parent / "requirements"
    if busy == "waiting":
        handle = os.open(next(root.glob("*.lock")), os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
    directory.ask_to_stop()
    with pytest.raises(LaunchError, match="stopped while requirements were being installed"):
        install(directory)
    assert not list(root.glob("*/complete"))


def test_an_explicit_file_is_found_in_the_source_or_anywhere(jobs: Jobs, tmp_path: Path) -> None:
    elsewhere = tmp_path / "needs.txt"
    elsewhere.write_text("--no-index\nsdt-absent\n")
    with pytest.raises(LaunchError, match=r"needs\.txt could not be installed"):
        install(jobs.write("", requirements=str(elsewhere)))
    with pytest.raises(LaunchError, match=r"cannot read .*/source/absent\.txt"):
        install(jobs.write("", requirements="absent.txt"))


def test_a_jobs_ranks_can_import_what_it_requires(jobs: Jobs, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "needs.txt").write_text(f"--no-index\n{wheel}\n")
    directory = jobs.run(
        "import sdt_tiny; print(sdt_tiny.ANSWER)",
        requirements=str(tmp_path / "needs.txt"),
        distribution=ranks(1, launcher="python", strategy="none"),
    )
    assert directory.read_state().status == "Completed", directory.read_state()
    assert directory.log(0).read_text() == "42\n"


def test_a_broken_interpreter_is_named(jobs: Jobs) -> None:
    with pytest.raises(LaunchError, match="/no/python does not work"):
        install(job_with(jobs, "numpy\n", python="/no/python"))


def test_a_folder_others_can_write_to_is_refused(jobs: Jobs) -> None:
    root = jobs.root.parent / "requirements"
    root.mkdir()
    root.chmod(0o777)
    with pytest.raises(LaunchError, match="must belong to you and be writable for you alone"):
        install(job_with(jobs, "numpy\n"))
    assert until(lambda: not list(root.iterdir()), 1)


def test_a_job_can_leave_its_requirements_uninstalled_and_says_so(jobs: Jobs) -> None:
    directory = job_with(jobs, "torch==1.13.1\n", requirements="none")
    local.start(directory, dict(os.environ))
    state = jobs.wait(directory)
    assert state.status == "Completed", state
    assert state.notes == ("requirements.txt is not installed: requirements='none'",)
    assert log(directory) == ""


def test_without_a_requirements_file_there_is_nothing_to_say(jobs: Jobs) -> None:
    directory = jobs.write("", requirements="none")
    assert skipped_requirements(directory.read_spec(), directory) == ()
