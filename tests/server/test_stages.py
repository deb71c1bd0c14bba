import json

import pytest
from contract_shapes import examples, shape_errors

NONE = {"stages": 0, "microbatches": 0, "modules": [], "tasks": []}
MODULE = {"name": "h.0", "stage": 1, "parameters_bytes": 8, "cost": 1.0, "activation_bytes": 4}
TASK = {"stage": 0, "microbatch": 3, "kind": "forward", "start": 1e9, "end": 1e9 + 1}


def divided(store, modules, tasks):
    """A job with a pipeline, as its rank 0 writes it."""
    directory = store.ended()
    texts = {"partition": {"modules": modules}, "schedule": {"tasks": tasks}}
    for name, body in texts.items():
        (directory.path / f"{name}.json").write_text(json.dumps(body))
    return directory.job_name


async def test_stages_are_told_as_agreed(ask, store) -> None:
    status, body = await ask("GET", f"jobs/{divided(store, [MODULE], [TASK])}/stages")
    assert status == 200
    assert shape_errors(body, examples("stages")) == []
    assert body == {"stages": 2, "microbatches": 4, "modules": [MODULE], "tasks": [TASK]}


async def test_before_the_second_step_there_are_modules_alone(ask, store) -> None:
    job_name = divided(store, [MODULE], [])
    _, body = await ask("GET", f"jobs/{job_name}/stages")
    assert (body["stages"], body["microbatches"], body["tasks"]) == (2, 0, [])


async def test_a_job_without_pipeline_has_no_stages(ask, store) -> None:
    assert await ask("GET", f"jobs/{store.ended().job_name}/stages") == (200, NONE)
    assert (await ask("GET", "jobs/nobody/stages"))[0] == 404
    assert (await ask("GET", "jobs/..%2f..%2fetc/stages"))[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {**TASK, "kind": "<b>"},
        {**TASK, "stage": -1},
        {**TASK, "stage": True},
        {**TASK, "end": TASK["start"] - 1},
        {**TASK, "start": float("-inf")},
        {**TASK, "end": "late"},
        {"stage": 0},
        None,
    ],
)
async def test_what_a_script_wrote_wrongly_is_left_out(ask, store, wrong) -> None:
    _, body = await ask("GET", f"jobs/{divided(store, [wrong, MODULE], [wrong, TASK])}/stages")
    assert (body["modules"], body["tasks"]) == ([MODULE], [TASK])


async def test_links_and_damaged_files_are_not_followed(ask, store, tmp_path) -> None:
    directory = store.ended()
    (tmp_path / "elsewhere.json").write_text(json.dumps({"modules": [MODULE]}))
    (directory.path / "partition.json").symlink_to(tmp_path / "elsewhere.json")
    (directory.path / "schedule.json").write_text('{"tasks": [')
    assert await ask("GET", f"jobs/{directory.job_name}/stages") == (200, NONE)
