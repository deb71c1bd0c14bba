"""The folder of jobs is the environment's, and a setting may choose another."""

import os

import pytest

from jupyter_sdt.server import folder
from jupyter_sdt.spec.variables import JOBS_DIRECTORY


async def test_jobs_are_read_from_the_folder_that_was_chosen(
    ask, store, tmp_path, monkeypatch
) -> None:
    first = os.environ[JOBS_DIRECTORY]
    monkeypatch.setenv(JOBS_DIRECTORY, first)  # put back in the end, whatever happens here
    monkeypatch.setattr(folder, "_AT_START", first)
    store.ended()
    assert await ask("GET", "folder") == (200, {"folder": first})
    other = tmp_path / "other" / "jobs"
    assert await ask("PUT", "folder", {"folder": str(other)}) == (200, {"folder": str(other)})
    assert (await ask("GET", "jobs"))[1]["total"] == 0
    assert other.stat().st_mode & 0o777 == 0o700
    assert await ask("PUT", "folder", {"folder": ""}) == (200, {"folder": first})
    assert (await ask("GET", "jobs"))[1]["total"] == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"folder": "jobs"}, "absolute"),
        ({"folder": "/proc/none"}, "cannot be made"),
        ({"folder": "~nobody-of-that-name/jobs"}, "folder="),
        ({"folder": 3}, "must be"),
        ([], "must be"),
    ],
)
async def test_what_cannot_be_a_folder_is_refused(ask, jobs_folder, body, words) -> None:
    before = os.environ[JOBS_DIRECTORY]
    status, refusal = await ask("PUT", "folder", body)
    assert (status, refusal["argument"], os.environ[JOBS_DIRECTORY]) == (422, "folder", before)
    assert words in refusal["message"]


async def test_somebody_elses_folder_is_refused(ask, jobs_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    status, refusal = await ask("PUT", "folder", {"folder": str(tmp_path)})
    assert (status, "somebody else" in refusal["message"]) == (422, True)
