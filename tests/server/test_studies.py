from contract_shapes import examples, shape_errors
from server_support import record
from support import ranks

from jupyter_sdt.spec.job_spec import StudyPoint


def point(size: int) -> StudyPoint:
    return StudyPoint(study_name="digits", world_size=size, repeat=0, scaling="strong")


def trained(store, size: int, samples_per_second: float):
    """A job of the study that has run 50 steps."""
    job_name = f"digits-n{size}"
    fields = {"step_seconds": 0.01, "samples_per_second": samples_per_second}
    directory = store.running(job_name=job_name, study=point(size), distribution=ranks(size))
    for rank in range(size):
        for step in range(1, 51):
            record(directory, step, rank, **fields)
    return directory


async def test_a_study_is_told_with_its_table_while_a_job_of_it_runs(ask, store) -> None:
    for size, speed in ((1, 100.0), (2, 80.0)):
        store.end(trained(store, size, speed))
    trained(store, 4, 10.0)
    status, body = await ask("GET", "studies/digits")
    assert status == 200
    names = [job["job_name"] for job in body["jobs"]]
    assert names == ["digits-n1", "digits-n2", "digits-n4"]
    assert shape_errors(body.pop("jobs"), [examples("job_summary")]) == []
    patterns = [{k: v for k, v in e.items() if k != "jobs"} for e in examples("study")]
    assert shape_errors(body, patterns) == []
    assert body["world_sizes"] == [1, 2, 4]
    speedups = [round(row["speedup"], 2) for row in body["table"]["rows"]]
    assert speedups == [1.0, 1.6]
    assert [row["world_size"] for row in body["table"]["predicted"]] == [1, 2, 4]
    assert "World size 2 is the best" in body["table"]["advice"]


async def test_a_study_that_nobody_ran_is_not_found(ask, store) -> None:
    store.ended()
    status, body = await ask("GET", "studies/digits")
    assert (status, body["message"]) == (404, "no job of a study named 'digits'")
    assert (await ask("GET", "studies/..%2f..%2fetc"))[0] == 404


async def test_a_job_that_recorded_nothing_to_measure_has_no_row(ask, store) -> None:
    store.ended(job_name="digits-n1", study=point(1))
    _, body = await ask("GET", "studies/digits")
    assert (len(body["jobs"]), body["table"]["rows"]) == (1, [])
