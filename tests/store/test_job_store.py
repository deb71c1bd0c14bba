from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jupyter_sdt.errors import SdtError, SpecError
from jupyter_sdt.store.job_store import find_job, list_directories, list_job_names


def create_at(directory, seconds: float) -> None:
    os.utime(directory.spec_file, (seconds, seconds))


def test_jobs_are_listed_newest_first(make_job):
    for name, seconds in (("b", 20.0), ("a", 10.0), ("c", 15.0)):
        create_at(make_job(name), seconds)
    assert list_job_names() == ["b", "c", "a"]
    assert [d.path.name for d in list_directories()] == ["b", "c", "a"]


def test_other_folders_are_no_jobs(make_job, jobs_folder: Path, tmp_path: Path):
    job = make_job("real")
    (jobs_folder / "half-made").mkdir()
    (jobs_folder / "file").write_text("")
    (jobs_folder / ".hidden").mkdir()
    (jobs_folder / "not_a_name").mkdir()
    (jobs_folder / "not_a_name" / "job.json").write_text("{}")
    (jobs_folder / "link").symlink_to(job.path)
    assert list_job_names() == ["real"]


@pytest.mark.skipif(os.getuid() != 0, reason="giving a file away needs root")
def test_jobs_of_other_users_are_passed_over(make_job):
    make_job("mine")
    os.chown(make_job("theirs").spec_file, 12345, -1)
    assert list_job_names() == ["mine"]


def test_without_a_folder_there_are_no_jobs(tmp_path: Path):
    assert list_job_names(tmp_path / "nowhere") == []


def test_a_thousand_jobs_are_listed_in_a_moment(jobs_folder: Path):
    for number in range(1000):
        folder = jobs_folder / f"job-{number}"
        folder.mkdir(parents=True)
        (folder / "job.json").write_text("{}")
    started = time.process_time()
    assert len(list_job_names()) == 1000
    assert time.process_time() - started < 0.2  # 0.01 s on an idle core


def test_an_unknown_job_is_refused_with_the_nearest_name(make_job):
    make_job("digits-1")
    assert find_job("digits-1").job_name == "digits-1"
    with pytest.raises(SdtError, match=r"no job 'digit-1' in .*; did you mean 'digits-1'\?"):
        find_job("digit-1")


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "a_b", "x" * 64])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(SpecError, match="must be 1 to 63 letters"):
        find_job(name)
