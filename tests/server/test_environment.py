"""What a job page tells of the machine, the packages and the variables of a job."""

import json

import pytest
from contract_shapes import examples, shape_errors

from jupyter_sdt.launch.launchers.plan import LaunchPlan, ProcessPlan

NOTHING = {"conditions": None, "image": "", "variables": {}, "own_variables": [], "page": ""}


def process(rank, **environment):
    return ProcessPlan(
        argv=("python", "train.py"),
        environment={"WORLD_SIZE": "2", **environment},
        working_directory="/tmp",
        node="algo-1",
        log=f"logs/rank-{rank}.log",
        rank=rank,
    )


def without_names(body):
    """The body with nothing in those objects whose keys are anybody's names."""
    if isinstance(body, dict):
        free = ("variables", "packages")
        return {key: {} if key in free else without_names(part) for key, part in body.items()}
    return [without_names(part) for part in body] if isinstance(body, list) else body


def shapes():
    return [without_names(example) for example in examples("environment")]


def started(store, processes=(), conditions=None, request=None):
    """A job that has begun, as its supervisor writes it down."""
    directory = store.ended()
    plan = LaunchPlan(
        job_name=directory.job_name,
        launcher="python",
        world_size=2,
        processes=tuple(processes),
        request=request or {},
    )
    directory.plan_file.write_text(json.dumps(plan.to_json()))
    if conditions is not None:
        directory.conditions_file.write_text(json.dumps(conditions))
    return directory.job_name


async def test_machine_packages_variables_and_plan_are_told_as_agreed(ask, store) -> None:
    recorded = examples("environment")[0]["conditions"]
    name = started(store, [process(0, RANK="0"), process(1, RANK="1")], recorded)
    status, body = await ask("GET", f"jobs/{name}/environment")
    assert status == 200
    assert shape_errors(without_names(body), shapes()) == []
    assert body["conditions"] == recorded
    assert body["variables"] == {"WORLD_SIZE": "2"}
    assert [(own["process"], own["variables"]) for own in body["own_variables"]] == [
        ("0", {"RANK": "0"}),
        ("1", {"RANK": "1"}),
    ]
    assert "python train.py" in body["page"]


async def test_on_sagemaker_the_image_is_told(ask, store) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8"
    name = started(store, request={"AlgorithmSpecification": {"TrainingImage": image}})
    _, body = await ask("GET", f"jobs/{name}/environment")
    assert (body["image"], body["conditions"]) == (image, None)


async def test_a_job_that_has_not_begun_has_none(ask, store) -> None:
    assert await ask("GET", f"jobs/{store.ended().job_name}/environment") == (200, NOTHING)
    assert (await ask("GET", "jobs/nobody/environment"))[0] == 404


@pytest.mark.parametrize("wrong", [[], {"packages": ["torch"], "cpus": "many", "gpus": 3}, "x"])
async def test_what_a_script_wrote_into_the_files_does_no_harm(ask, store, wrong) -> None:
    name = started(store, conditions=wrong)
    status, body = await ask("GET", f"jobs/{name}/environment")
    assert status == 200
    found = body["conditions"]
    assert found is None or (found["packages"], found["cpus"], found["gpus"]) == ({}, 0, [])


async def test_a_plan_of_a_newer_version_is_read_as_far_as_it_is_known(ask, store) -> None:
    name = started(store, [process(0)])
    path = store.jobs.root / name / "plan.json"
    plan = json.loads(path.read_text())
    plan["processes"][0]["colour"] = plan["colour"] = "blue"
    path.write_text(json.dumps(plan))
    assert "python train.py" in (await ask("GET", f"jobs/{name}/environment"))[1]["page"]


async def test_a_damaged_plan_is_none(ask, store) -> None:
    directory = store.ended()
    directory.plan_file.write_text('{"processes": [{"argv": 3}]}')
    assert await ask("GET", f"jobs/{directory.job_name}/environment") == (200, NOTHING)
