"""Deleting with undo: at once out of sight, back as it was, or gone for good, whoever dies."""

import time

import pytest
from contract_shapes import examples, shape_errors
from support import until

from jupyter_sdt.server import trash
from jupyter_sdt.server.own_jobs import ConflictError, UnknownJobError


def leftovers(root):
    return [path.name for path in root.iterdir() if path.name.startswith(".")]


async def test_a_deleted_job_is_gone_and_comes_back_as_it_was(ask, store) -> None:
    directory = store.ended()
    directory.log(0).write_text("hello\n")
    before = (await ask("GET", "jobs/job-1"))[1]
    status, body = await ask("DELETE", "jobs/job-1", undo_seconds=15)
    assert status == 200
    assert shape_errors(body, examples("deleted")) == []
    assert time.time() < body["restorable_until_seconds"] <= time.time() + 15
    assert (await ask("GET", "jobs/job-1"))[0] == 404
    assert (await ask("GET", "jobs"))[1]["jobs"] == []
    status, summary = await ask("POST", "jobs/job-1/restore")
    assert (status, summary["job_name"]) == (200, "job-1")
    assert (await ask("GET", "jobs/job-1"))[1] == before
    assert leftovers(store.jobs.root) == []


async def test_what_was_never_deleted_cannot_be_restored(ask, store) -> None:
    store.ended()
    for name in ("job-1", "job-2", "..", ".deleted-job-1"):
        status, body = await ask("POST", f"jobs/{name}/restore")
        assert (status, "jo" in body["message"] or name == "..") == (404, True)


async def test_the_time_for_undo_has_bounds(ask, store) -> None:
    store.ended()
    for seconds in (-1, 3601, "a"):
        assert (await ask("DELETE", "jobs/job-1", undo_seconds=seconds))[0] == 422


def test_a_name_that_is_taken_again_is_not_overwritten(store) -> None:
    directory = store.ended()
    trash.delete_job(directory, 60)
    directory.create()
    with pytest.raises(ConflictError, match="another job"):
        trash.restore_job("job-1")
    assert len(leftovers(store.jobs.root)) == 1


def test_of_two_deleted_jobs_of_one_name_the_later_comes_back(store) -> None:
    directory = store.ended()
    first = directory.read_spec()
    trash.delete_job(directory, 60)
    directory.create()
    directory.write_spec(first)
    (directory.path / "second").touch()
    directory.write_state(store.ended().read_state())
    trash.delete_job(directory, 120)
    assert (trash.restore_job("job-1").path / "second").exists()


def test_the_next_server_removes_what_is_overdue_and_keeps_what_is_not(store) -> None:
    overdue, kept = store.ended(), store.ended()
    trash.delete_job(kept, 60)
    trash.delete_job(overdue, 60)
    root = store.jobs.root
    (folder,) = root.glob(".deleted-job-1.*")
    folder.rename(root / ".deleted-job-1.1.abc")  # its time ran out while no server was there
    half = root / ".doomed-job-9.1.abc"
    half.mkdir()  # a server died while it removed this one
    trash.sweep(root)
    assert [name.split(".")[1] for name in leftovers(root)] == ["deleted-job-2"]
    with pytest.raises(UnknownJobError, match="any more"):
        trash.restore_job("job-1")
    assert trash.restore_job("job-2").job_name == "job-2"


def test_it_is_removed_when_its_time_has_come(store) -> None:
    trash.delete_job(store.ended(), 0.05)
    until(lambda: not leftovers(store.jobs.root))


def test_a_server_that_starts_sweeps(store, jp_serverapp) -> None:
    from jupyter_sdt.server import extension

    (store.jobs.root / ".deleted-job-1.1.abc").mkdir(parents=True)
    extension.load(jp_serverapp)
    until(lambda: not leftovers(store.jobs.root))


def test_a_link_in_place_of_a_deleted_job_is_left_alone(store, tmp_path) -> None:
    store.ended()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "job-1").mkdir()
    (store.jobs.root / ".deleted-job-1.1.abc").symlink_to(precious)
    trash.sweep(store.jobs.root)
    assert [path.name for path in precious.iterdir()] == ["job-1"]
